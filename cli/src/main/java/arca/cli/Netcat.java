package arca.cli;

import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.Syscalls;
import arca.control.guest.ArcaSession;
import arca.control.guest.DataPipes;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Copies this process's stdin to a connection, and the connection to stdout. One thread per direction reads and writes, and
 * waits in poll(2): this process shares stdin and stdout with other programs, which may have made them non-blocking.
 *
 * <p>The read pipe reaches the same end of file after the peer's FIN, after the peer's reset, after a cut at the monitor's
 * drain deadline and after the monitor's death. The guest's write pipe tells them apart: only after a FIN does the monitor
 * keep the read end of that pipe open.
 * <pre>
 * at the end of the read pipe            meaning
 * write end open, pipe has a reader      orderly end: stdin is still copied
 * write end open, pipe has no reader     failure: the connection was reset or cut
 * write end closed, monitor answers      orderly end or reset: revision 1 cannot tell which, PROTOCOL.md 8
 * write end closed, no answer            failure: the data may be incomplete
 * </pre>
 */
final class Netcat {
    /** The default capacity of a pipe: pipe(7), "Pipe capacity". */
    private static final int BUFFER = 64 * 1024;

    private static final int STDIN = 0;
    private static final int STDOUT = 1;

    private final Fd fromPeer;
    private final Fd toPeer; // opened and closed under this object's monitor
    private final Optional<ArcaSession> monitor;

    /**
     * Takes over a connection.
     *
     * @param ends the descriptors of the connection; this object owns them from now on, until the process ends
     * @param monitor a session with the connection's monitor; empty if the monitor accepts no session any more
     */
    Netcat(DataPipes.Ends ends, Optional<ArcaSession> monitor) {
        this.fromPeer = ends.reader();
        this.toPeer = ends.writer();
        this.monitor = monitor;
    }

    /**
     * Copies in both directions until both have ended. The directions end independently: the end of stdin half-closes the
     * connection, and the end of the peer's data closes stdout.
     *
     * @throws IOException if a direction failed; at once if stdout cannot be written
     */
    void relay() throws IOException, InterruptedException {
        FutureTask<Void> sending = new FutureTask<>(this::send);
        // A daemon thread: a pending read of stdin must not keep the process alive.
        Thread.ofPlatform().daemon().name("stdin").start(sending);
        receive();
        boolean answered = monitorAnswers(); // before isBroken: once it answers, it has closed what it had to close
        if (isBroken()) throw gone();
        if (!answered && !isSending()) throw monitorGone();
        try {
            sending.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) throw failure;
            throw new IllegalStateException("copying stdin", e.getCause());
        }
    }

    /** Copies what the peer sends, and does not read stdin. The guest half-closes only after the peer has. */
    void receiveOnly() throws IOException {
        receive();
        boolean answered = monitorAnswers();
        if (isBroken()) throw gone();
        if (!answered) throw monitorGone();
        endSending();
    }

    private static IOException gone() {
        return new IOException("the connection was reset by the peer, or cut by the monitor");
    }

    private static IOException monitorGone() {
        return new IOException("the monitor has ended, so the data received from the peer may be incomplete");
    }

    private void receive() throws IOException {
        try (OutputStream _ = new FileOutputStream(FileDescriptor.out); // closed at the end
                Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            MemorySegment buffer = arena.allocate(BUFFER);
            for (long n; (n = check("read", Syscalls.read(fromPeer.value(), buffer))) > 0; ) {
                check("write stdout", write(STDOUT, buffer, n, poll));
            }
        }
    }

    private Void send() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 2);
            MemorySegment buffer = arena.allocate(BUFFER);
            for (; ; ) {
                poll.set(0, STDIN, POLLIN);
                poll.set(1, toPeer.value(), 0); // no events: poll(2) always reports a pipe without a reader
                if (poll.poll(-1) == 0) continue;
                if (poll.revents(1) != 0) throw gone();
                long n = Syscalls.read(STDIN, buffer);
                if (n == -Errno.EAGAIN) continue; // another program that shares stdin was faster
                if (n <= 0) {
                    endSending();
                    check("read stdin", n);
                    return null;
                }
                if (write(toPeer.value(), buffer, n, poll) < 0) throw gone();
            }
        }
    }

    /** Writes {@code length} bytes, and waits while the descriptor is full. Returns 0 or {@code -errno}. */
    private static int write(int fd, MemorySegment buffer, long length, Poll poll) throws ErrnoException {
        for (long written = 0; written < length; ) {
            long n = Syscalls.write(fd, buffer, written, length - written);
            if (n == -Errno.EAGAIN) {
                poll.set(0, fd, POLLOUT);
                poll.poll(-1);
            } else if (n < 0) {
                return (int) n;
            } else {
                written += n;
            }
        }
        return 0;
    }

    private synchronized void endSending() throws IOException {
        if (isBroken()) throw gone();
        toPeer.close();
    }

    private synchronized boolean isSending() {
        return toPeer.isOpen();
    }

    /** Tells whether the write end is open, and its pipe has no reader any more. */
    private synchronized boolean isBroken() throws ErrnoException {
        if (!toPeer.isOpen()) return false;
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, toPeer.value(), 0);
            return poll.poll(0) > 0;
        }
    }

    private boolean monitorAnswers() {
        try {
            if (monitor.isPresent()) monitor.get().ping();
            return true;
        } catch (IOException e) {
            return false; // the caller reports what this means for the connection
        }
    }
}
