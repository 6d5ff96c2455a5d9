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
 * One side of a connection: a guest's two pipe ends, or a peer's socket. Calls wait as long as {@link Patience} allows, and
 * then fail the test. One thread may read while another writes.
 */
public abstract sealed class Side implements AutoCloseable permits GuestSide, Peer {
    public final Fd input;
    public final Fd output;

    /** Takes ownership of two descriptors, one to read and one to write, and makes them non-blocking. They may be the same. */
    public Side(Fd input, Fd output) throws ErrnoException {
        this.input = input;
        this.output = output;
        input.nonBlocking(true);
        output.nonBlocking(true);
    }

    /** Ends the output: the other side reads the end of the stream after all bytes. */
    public abstract void finish() throws IOException;

    /** Waits until poll(2) reports one of these events ({@code POLL*}), POLLERR or POLLHUP, and returns what it reports. */
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

    /** Tells whether there is nothing to read, not even the end of the stream. */
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
     * @param pump runs one turn of the loop; returns true if the turn did something
     */
    public void awaitInput(Patience.Condition pump) throws Exception {
        Patience.await("bytes at " + input, () -> {
            while (pump.holds()) continue;
            return !isSilent(input);
        });
    }

    /** Reads once. Returns the number of bytes, 0 at the end, or {@code -errno}. */
    public long read(MemorySegment into) {
        for (; ; ) {
            long n = Syscalls.read(input.value(), into);
            if (n != -Errno.EAGAIN) return n;
            await(input, POLLIN);
        }
    }

    /** Writes once. Returns the number of bytes, at least 1, or {@code -errno}. */
    public long write(MemorySegment from) {
        for (; ; ) {
            long n = tryWrite(from);
            if (n != -Errno.EAGAIN) return n;
            await(output, POLLOUT);
        }
    }

    /** Writes once without waiting. Returns the number of bytes, or {@code -errno}. */
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

    /** Writes {@code count} bytes, or fewer if an error comes first. */
    public void sendUntilRefused(long count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096);
            for (long n, left = count; left > 0 && (n = write(memory)) > 0; ) left -= n;
        }
    }

    /** Writes until there is no room, without waiting. Returns the number of bytes. */
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

    /** Reads {@code count} bytes and returns them as text. Fails if the end or an error comes first. */
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

    /** Reads once. Fails unless the result is the end of the stream. */
    public void assertEnd() {
        try (Arena arena = Arena.ofConfined()) {
            long n = read(arena.allocate(64));
            assertEquals(0, n, () -> n > 0 ? n + " bytes where the end should be" : Errno.describe((int) -n));
        }
    }

    /** Reads and discards bytes up to the end or an error. Returns how many there were. */
    public long drain() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(64 * 1024);
            long all = 0;
            for (long n; (n = read(memory)) > 0; ) all += n;
            return all;
        }
    }

    /** Waits until writing would fail, and returns the errno. Writes nothing before. */
    public int awaitWriteError() {
        await(output, POLLERR); // poll(2) always reports it
        try (Arena arena = Arena.ofConfined()) {
            long n = tryWrite(arena.allocate(1));
            assertTrue(n < 0, "a byte was written after POLLERR");
            return (int) -n;
        }
    }

    /** Closes the descriptors that are still open. */
    @Override
    public void close() {
        input.close();
        output.close();
    }
}
