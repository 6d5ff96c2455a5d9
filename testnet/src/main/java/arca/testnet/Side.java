package arca.testnet;

import static arca.bindings.Constants.POLLERR;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.Syscalls;
import arca.testkit.Patience;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * One side of a connection as a test has it: a guest's two pipe ends, or a peer's socket. Its calls wait, but not without
 * end: what does not come within {@link Patience} fails the test. One thread may read while another writes.
 */
public abstract sealed class Side implements AutoCloseable permits GuestSide, Peer {
    public final Fd input;
    public final Fd output;

    /** Takes ownership of a descriptor to read and one to write, which may be the same; makes them non-blocking. */
    public Side(Fd input, Fd output) throws ErrnoException {
        this.input = input;
        this.output = output;
        input.nonBlocking(true);
        output.nonBlocking(true);
    }

    /** Writes no more: the other side is to read the end after all bytes. */
    public abstract void finish() throws IOException;

    /** Waits until one of these events ({@code POLL*}), or one that comes unasked, has happened. */
    public static int await(Fd fd, int events) {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, fd.value(), events);
            assertTrue(poll.poll(Patience.MILLIS) > 0, () -> "nothing happened at " + fd + ", events " + events);
            return poll.revents(0);
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether nothing is there to be read, not even the end. */
    public static boolean isSilent(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, fd.value(), POLLIN);
            return poll.poll(0) == 0;
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Runs a guest's loop until there are bytes to read, or the end.
     *
     * @param pump runs one turn of the loop; true if it did something
     */
    public void awaitInput(Patience.Condition pump) throws Exception {
        Patience.await("bytes at " + input, () -> {
            while (pump.holds()) continue;
            return !isSilent(input);
        });
    }

    /** Reads once: bytes, 0 at the end, or {@code -errno}. */
    public long read(MemorySegment into) {
        for (; ; ) {
            long n = Syscalls.read(input.value(), into);
            if (n != -Errno.EAGAIN) return n;
            await(input, POLLIN);
        }
    }

    /** Writes once: bytes, at least one, or {@code -errno}. */
    public long write(MemorySegment from) {
        for (; ; ) {
            long n = tryWrite(from);
            if (n != -Errno.EAGAIN) return n;
            await(output, POLLOUT);
        }
    }

    /** Writes once without waiting: bytes, or {@code -errno}. */
    public long tryWrite(MemorySegment from) {
        return Syscalls.write(output.value(), from);
    }

    public void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    public void send(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            for (long sent = 0; sent < bytes.length; ) {
                long n = write(memory.asSlice(sent));
                assertTrue(n > 0, () -> "write: " + Errno.describe((int) -n));
                sent += n;
            }
        }
    }

    /** Writes so many bytes, or as many as are taken before an error. */
    public void sendUntilRefused(long count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096);
            for (long n, left = count; left > 0 && (n = write(memory)) > 0; ) left -= n;
        }
    }

    /** Writes as long as there is room, none if there is none; how much that was. */
    public long fill() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096);
            long all = 0;
            for (; ; ) {
                long n = tryWrite(memory);
                if (n == -Errno.EAGAIN) return all;
                assertTrue(n > 0, () -> "write: " + Errno.describe((int) -n));
                all += n;
            }
        }
    }

    /** The next bytes as text; fails if the end or an error comes first. */
    public String receive(int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(count);
            for (long got = 0; got < count; ) {
                long n = read(memory.asSlice(got));
                long before = got;
                assertTrue(
                        n > 0,
                        () -> "after " + before + " of " + count + " bytes: "
                                + (n == 0 ? "the end" : Errno.describe((int) -n)));
                got += n;
            }
            return new String(memory.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    /** Fails unless the next thing to be read is the end. */
    public void assertEnd() {
        try (Arena arena = Arena.ofConfined()) {
            long n = read(arena.allocate(64));
            assertEquals(0, n, () -> n > 0 ? n + " bytes where the end should be" : Errno.describe((int) -n));
        }
    }

    /** Reads and throws away to the end or an error: how many bytes there were. */
    public long drain() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(64 * 1024);
            long all = 0;
            for (long n; (n = read(memory)) > 0; ) all += n;
            return all;
        }
    }

    /** Waits until writing fails, without writing; with which errno. */
    public int awaitWriteError() {
        await(output, POLLERR); // comes unasked, and nothing else does
        try (Arena arena = Arena.ofConfined()) {
            long n = tryWrite(arena.allocate(1));
            assertTrue(n < 0, "a byte was written after POLLERR");
            return (int) -n;
        }
    }

    /** Closes what is still open of it. */
    @Override
    public void close() {
        input.close();
        output.close();
    }
}
