package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every call on a descriptor that is not open fails with EBADF. Reflection finds the calls, so none is forgotten. */
class BadDescriptorTest {
    private static final Set<String> WITHOUT_A_DESCRIPTOR = Set.of(
            "pipe2",
            "poll",
            "epoll_create1",
            "eventfd",
            "socket",
            "socketpair",
            "open",
            "unlink",
            "getpid",
            "geteuid",
            "getegid",
            "gettid",
            "getrlimit",
            "prctl",
            "pidfd_open");
    private static final int NOT_OPEN = 1 << 20; // above every limit that a test runs with

    static Stream<Method> calls() {
        return Arrays.stream(Syscalls.class.getDeclaredMethods())
                .filter(call -> Modifier.isPublic(call.getModifiers()))
                .filter(call -> !WITHOUT_A_DESCRIPTOR.contains(call.getName()));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void callOnDescriptorThatIsNotOpenFailsWithEbadf(Method call) throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Object[] arguments = Arrays.stream(call.getParameterTypes())
                    .map(type -> argument(type, arena))
                    .toArray();
            arguments[0] = NOT_OPEN;
            if (call.getName().equals("splice") || call.getName().equals("tee")) arguments[1] = NOT_OPEN;
            if (call.getName().equals("fcntl")) arguments[1] = Constants.F_GETFL;
            if (call.getName().equals("ioctl")) arguments[1] = Constants.FIONREAD;
            if (call.getName().equals("epoll_ctl")) arguments[1] = Constants.EPOLL_CTL_ADD;
            if (call.getName().equals("statx")) arguments[2] = Constants.AT_EMPTY_PATH;
            if (call.getName().equals("flock")) arguments[1] = Constants.LOCK_UN;
            assertEquals(-Errno.EBADF, ((Number) call.invoke(null, arguments)).intValue());
        }
    }

    private static Object argument(Class<?> type, Arena arena) {
        if (type == MemorySegment.class) return arena.allocate(Epoll.EVENT_SIZE * 22, 8);
        if (type == long.class) return 1L;
        return 0;
    }
}
