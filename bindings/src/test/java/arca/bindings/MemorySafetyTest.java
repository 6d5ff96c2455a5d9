package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A wrong segment causes an exception, never a crash. Reflection finds the calls. */
class MemorySafetyTest {
    /** Calls for which the kernel writes to the memory. */
    private static final Set<String> STORING = Set.of(
            "pipe2",
            "socketpair",
            "read",
            "pread",
            "recv",
            "poll",
            "epoll_wait",
            "getsockname",
            "getpeername",
            "vmsplice",
            "getrlimit",
            "getsockopt");

    static Stream<Method> calls() {
        return Arrays.stream(Syscalls.class.getDeclaredMethods())
                .filter(call -> Modifier.isPublic(call.getModifiers()))
                .filter(call -> Arrays.asList(call.getParameterTypes()).contains(MemorySegment.class));
    }

    static Stream<Method> storingCalls() {
        return calls().filter(call -> STORING.contains(call.getName()));
    }

    private static Throwable thrownBy(Method call, MemorySegment memory) {
        return thrownBy(call, memory, 1, 1);
    }

    private static Throwable thrownBy(Method call, MemorySegment memory, long offset, long length) {
        Object[] arguments = arguments(call, memory, offset, length);
        return assertThrows(InvocationTargetException.class, () -> call.invoke(null, arguments))
                .getCause();
    }

    /** Returns arguments: the memory, offset and length of a part of it, and -1 for each int. */
    private static Object[] arguments(Method call, MemorySegment memory, long... part) {
        Iterator<Long> longs = Arrays.stream(part).iterator();
        return Arrays.stream(call.getParameterTypes())
                .map(type -> type == MemorySegment.class ? memory : type == long.class ? longs.next() : (Object) (-1))
                .toArray();
    }

    @ParameterizedTest
    @MethodSource("calls")
    void heapSegmentIsRefused(Method call) {
        assertInstanceOf(IllegalArgumentException.class, thrownBy(call, MemorySegment.ofArray(new long[6])));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void closedArenaIsRefused(Method call) {
        Arena arena = Arena.ofConfined();
        MemorySegment memory = arena.allocate(48, 8);
        arena.close();
        assertInstanceOf(IllegalStateException.class, thrownBy(call, memory));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void anotherThreadsArenaIsRefused(Method call) throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(48, 8);
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread.ofPlatform()
                    .start(() -> thrown.complete(thrownBy(call, memory)))
                    .join();
            assertInstanceOf(WrongThreadException.class, thrown.get());
        }
    }

    @ParameterizedTest
    @MethodSource("storingCalls")
    void readOnlySegmentIsRefused(Method call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(48, 8).asReadOnly();
            assertInstanceOf(IllegalArgumentException.class, thrownBy(call, memory));
        }
    }

    @Test
    void everyCallWithMemoryIsInThisTest() {
        Set<String> known = Set.of(
                "pipe2",
                "vmsplice",
                "read",
                "pread",
                "write",
                "recv",
                "send",
                "poll",
                "epoll_wait",
                "socketpair",
                "bind",
                "connect",
                "getsockname",
                "getpeername",
                "getsockopt",
                "setsockopt",
                "open",
                "unlink",
                "statx",
                "getrlimit");
        assertEquals(known, Set.copyOf(calls().map(Method::getName).distinct().toList()));
    }

    @Test
    void memoryOfTheWrongSizeIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            refuses(arena.allocate(7), memory -> Syscalls.pipe2(memory, 0));
            refuses(arena.allocate(7), memory -> Syscalls.socketpair(AF_UNIX, SOCK_STREAM, 0, memory));
            refuses(arena.allocate(15), memory -> Syscalls.getrlimit(RLIMIT_NOFILE, memory));
            refuses(arena.allocate(255), memory -> Syscalls.statx(AT_FDCWD, arena.allocateFrom("."), 0, memory));
            refuses(arena.allocate(9), memory -> Syscalls.poll(memory, 0));
            refuses(arena.allocate(Epoll.EVENT_SIZE + 1), memory -> Syscalls.epoll_wait(0, memory, 0));
            refuses(arena.allocate(0), memory -> Syscalls.unlink(memory));
            refuses(arena.allocateFrom("no end").asSlice(0, 6), memory -> Syscalls.open(memory, O_RDONLY, 0));
            refuses(arena.allocateFrom("no end").asSlice(0, 6), memory -> Syscalls.unlink(memory));
        }
    }

    private static void refuses(MemorySegment memory, Consumer<MemorySegment> call) {
        assertThrows(IllegalArgumentException.class, () -> call.accept(memory));
    }

    static Stream<Method> callsOnAPart() {
        return calls().filter(call -> Collections.frequency(Arrays.asList(call.getParameterTypes()), long.class) == 2);
    }

    @ParameterizedTest
    @MethodSource("callsOnAPart")
    void partOutsideItsBufferIsRefused(Method call) throws Exception {
        long[][] parts = {{0, 49}, {48, 1}, {49, 0}, {-1, 1}, {0, -1}, {1, Long.MAX_VALUE}, {Long.MAX_VALUE, 1}};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(48, 8);
            for (long[] part : parts) {
                assertInstanceOf(IndexOutOfBoundsException.class, thrownBy(call, memory, part[0], part[1]));
            }
            Object[] whole = arguments(call, memory, 0, 48);
            assertEquals(-Errno.EBADF, ((Long) call.invoke(null, whole)).intValue());
        }
    }

    @Test
    void fourCallsTakeAPartOfABuffer() {
        assertEquals(
                Set.of("read", "write", "recv", "send"),
                Set.copyOf(callsOnAPart().map(Method::getName).toList()));
    }

    @Test
    void commandThatMightTakeAnAddressIsRefused() {
        int getLock = 5; // F_GETLK
        assertThrows(IllegalArgumentException.class, () -> Syscalls.fcntl(0, getLock, 0));
        int getWindowSize = 0x5413; // TIOCGWINSZ
        assertThrows(IllegalArgumentException.class, () -> Syscalls.ioctl(0, getWindowSize));
        int getParentDeathSignal = 2; // PR_GET_PDEATHSIG
        assertThrows(IllegalArgumentException.class, () -> Syscalls.prctl(getParentDeathSignal, 0));
    }

    @Test
    void messageLargerThanItsMemoryIsRefused() {
        try (Arena arena = Arena.ofConfined();
                ScmRights message = new ScmRights(arena, 8, 2)) {
            assertThrows(IndexOutOfBoundsException.class, () -> message.send(0, 9, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> message.send(0, 8, 3, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> message.put(2, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> new ScmRights(arena, 8, 254));
        }
    }

    @Test
    void sharedArenaStaysOpenWhileACallWaits() throws Exception {
        try (Pipe pipe = Pipe.open(0, 4096);
                Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                Arena own = Arena.ofConfined()) {
            MemorySegment page = own.allocate(4096, 4096);
            int reader = pipe.reader().value();
            int writer = pipe.writer().value();
            staysOpen("read", memory -> Syscalls.read(reader, memory), () -> Syscalls.write(writer, page));
            staysOpen(
                    "recv",
                    memory -> Syscalls.recv(pair.second().value(), memory, 0),
                    () -> Syscalls.send(pair.first().value(), page, 0));
            assertEquals(4096, Syscalls.write(writer, page), "the pipe is full");
            staysOpen("vmsplice", memory -> Syscalls.vmsplice(writer, memory, 0), () -> Syscalls.read(reader, page));
        }
    }

    /** Checks that the arena cannot be closed while {@code call} waits for {@code cause}. */
    private static void staysOpen(String name, Consumer<MemorySegment> call, Runnable cause) throws Exception {
        Arena shared = Arena.ofShared();
        MemorySegment memory = shared.allocate(4096, 4096);
        Waiting waiting = Waiting.in(name, () -> {
            call.accept(memory);
            return 0;
        });
        assertThrows(IllegalStateException.class, shared::close);
        cause.run();
        assertEquals(0, waiting.get());
        shared.close();
    }
}
