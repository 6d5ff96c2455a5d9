package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Patience;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Both ends of a TCP connection over loopback: {@code ours} is non-blocking, as in a relay, and {@code peer} is blocking.
 * Both have TCP_NODELAY. The class also has the methods that the contract tests share.
 */
record Tcp(Fd ours, Fd peer) implements AutoCloseable {
    static final SocketAddress LOOPBACK = new SocketAddress.IPv4(0x7f000001, 0);

    static Tcp open() throws IOException {
        try (Fd listener = Sockets.listen(LOOPBACK, 0, 1)) {
            Fd peer = Sockets.connect(Sockets.localAddress(listener));
            Fd ours = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
            Sockets.setOption(ours, IPPROTO_TCP, TCP_NODELAY, 1);
            Sockets.setOption(peer, IPPROTO_TCP, TCP_NODELAY, 1);
            return new Tcp(ours, peer);
        }
    }

    @Override
    public void close() {
        ours.close();
        peer.close();
    }

    /** Closes the peer's end with a reset: SO_LINGER of 0 seconds, socket(7). */
    void reset() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment linger = arena.allocate(8);
            linger.set(ValueLayout.JAVA_INT, 0, 1);
            assertEquals(0, Syscalls.setsockopt(peer.value(), SOL_SOCKET, SO_LINGER, linger));
        }
        peer.close();
        await(ours, POLLHUP, 0);
    }

    /** Makes the peer send, and waits until our end has received everything. */
    void arrive(String text) {
        int before = Syscalls.ioctl(ours.value(), FIONREAD);
        send(peer, text, 0);
        while (Syscalls.ioctl(ours.value(), FIONREAD) < before + text.length()) await(ours, POLLIN, POLLIN);
    }

    /** Makes the peer end its writing, and waits until our end reports it. */
    void finish() throws IOException {
        Sockets.shutdown(peer, SHUT_WR);
        await(ours, POLLRDHUP, POLLRDHUP);
    }

    static void send(Fd fd, String text, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(text).asSlice(0, text.length());
            assertEquals(text.length(), Syscalls.send(fd.value(), bytes, flags | MSG_NOSIGNAL));
        }
    }

    static void write(Fd fd, int count) {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(count, Syscalls.write(fd.value(), arena.allocate(count)));
        }
    }

    /** Reads once, at most {@code size} bytes, and returns them as text. Fails on an error. */
    static String read(Fd fd, int size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(size);
            long n = Syscalls.read(fd.value(), bytes);
            assertTrue(n >= 0, () -> Errno.describe((int) -n));
            return new String(bytes.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /** Reads until the end of the stream or an error. Returns the number of bytes, or {@code -errno}. */
    static long drain(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(1 << 16);
            long all = 0;
            for (long n; (n = Syscalls.read(fd.value(), bytes)) != 0; all += n) if (n < 0) return n;
            return all;
        }
    }

    /** Polls for {@code asked} until an event happens, which must be one of {@code awaited}. Returns all events. */
    static int await(Fd fd, int awaited, int asked) {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, fd.value(), asked);
            assertTrue(poll.poll(Patience.MILLIS) > 0, "nothing happened");
            assertTrue((poll.revents(0) & awaited) != 0, () -> "events " + Integer.toHexString(poll.revents(0)));
            return poll.revents(0);
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the events that poll(2) reports now. */
    static int events(Fd fd, int asked) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, fd.value(), asked);
            poll.poll(0);
            return poll.revents(0);
        }
    }

    /** Returns the kernel's release, for failure messages: another kernel may behave differently. */
    static String kernel() {
        try {
            return "on kernel " + ProcFile.read("/proc/sys/kernel/osrelease").strip();
        } catch (IOException e) {
            return "on an unknown kernel: " + e.getMessage();
        }
    }
}
