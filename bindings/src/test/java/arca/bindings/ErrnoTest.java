package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ErrnoTest {
    /** Second names of a number. The C library returns the other name. */
    private static final Set<String> ALIASES = Set.of("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP", "EOPNOTSUPP");

    static Stream<Field> numbers() {
        return Arrays.stream(Errno.class.getDeclaredFields())
                .filter(field -> field.getType() == int.class)
                .filter(field -> !ALIASES.contains(field.getName()));
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void nameOfANumberIsThatOfItsConstant(Field number) throws Exception {
        assertEquals(number.getName(), Errno.name(number.getInt(null)));
    }

    @Test
    void descriptionIsNameAndMeaning() {
        assertEquals("ECONNREFUSED (Connection refused)", Errno.describe(Errno.ECONNREFUSED));
        assertEquals("errno 4242 (unknown)", Errno.describe(4242));
        assertEquals("errno 4294967295 (unknown)", Errno.describe(-1), "a number from the wire may be any u32");
    }

    @Test
    void exceptionNamesTheCallAndTheError() throws Exception {
        ErrnoException e =
                assertThrows(ErrnoException.class, () -> ErrnoException.check("splice", (long) -Errno.EPIPE));
        assertEquals(Errno.EPIPE, e.errno());
        assertEquals("splice: EPIPE (Broken pipe)", e.getMessage());
        assertEquals(7, ErrnoException.check("read", 7));
        assertEquals(1L << 40, ErrnoException.check("splice", 1L << 40));
    }

    @Test
    void everyThreadHasItsOwnErrno() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        try (Pipe pipe = Pipe.open(Constants.O_NONBLOCK)) {
            int empty = pipe.reader().value();
            List<FutureTask<Integer>> threads = new ArrayList<>();
            threads.add(countWrong(together, empty, -Errno.EAGAIN));
            threads.add(countWrong(together, 1 << 20, -Errno.EBADF));
            threads.forEach(task -> Thread.ofPlatform().start(task));
            for (FutureTask<Integer> thread : threads) assertEquals(0, Patience.get("a thread", thread));
        }
    }

    private static FutureTask<Integer> countWrong(CyclicBarrier together, int fd, long expected) {
        Callable<Integer> reads = () -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment byteOfMemory = arena.allocate(1);
                together.await();
                int wrong = 0;
                for (int i = 0; i < 100_000; i++) if (Syscalls.read(fd, byteOfMemory) != expected) wrong++;
                return wrong;
            }
        };
        return new FutureTask<>(reads);
    }
}
