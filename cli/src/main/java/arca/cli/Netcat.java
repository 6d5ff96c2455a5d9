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
 * This process's stdin and stdout on a connection. It copies by read(2) and write(2), one thread for each direction, and
 * waits in poll(2): stdin and stdout are shared with other programs, any of which may have made them non-blocking.
 *
 * <p>A pipe shows the same end of file after the peer's FIN, after its reset, after a cut at the monitor's drain deadline
 * and after the monitor's death. The guest's own write end tells them apart: the monitor keeps its reader only after a FIN.
 * <pre>
 * at the end of what the peer sends     then
 * write end open, has its reader        an orderly end; stdin goes on
 * write end open, without a reader      a failure: reset or cut
 * write end closed, monitor answers     an orderly end, or a reset, which revision 1 does not tell: PROTOCOL.md 8
 * write end closed, no answer           a failure: what came may be a part
 * </pre>
 */
final class Netcat {
    /** As much as a pipe holds by default: pipe(7), "Pipe capacity". */
    private static final int BUFFER = 64 * 1024;

    private static final int STDIN = 0;
    private static final int STDOUT = 1;

    private final Fd fromPeer;
    private final Fd toPeer; // opened and closed under this object's monitor
    private final Optional<ArcaSession> monitor;

    /**
     * A connection on which nothing was copied yet.
     *
     * @param ends its descriptors, from now on this object's until the process ends
     * @param monitor a session with its monitor; empty where there is none left to ask
     */
    Netcat(DataPipes.Ends ends, Optional<ArcaSession> monitor) {
        this.fromPeer = ends.reader();
        this.toPeer = ends.writer();
        this.monitor = monitor;
    }

    /**
     * Copies both ways until both have ended. Each direction ends alone: stdin's end is the peer's, and the peer's end
     * closes stdout, so that whoever reads that is told.
     *
     * @throws IOException what failed; at once where it is stdout, for then nobody is left to read
     */
    void relay() throws IOException, InterruptedException {
        FutureTask<Void> sending = new FutureTask<>(this::send);
        // A daemon: a read of stdin that nobody waits for any more does not keep the process.
        Thread.ofPlatform().daemon().name("stdin").start(sending);
        receive();
        boolean answered = monitorAnswers(); // first: what the monitor still had to close is closed when it answers
        if (isBroken()) throw gone();
        if (!answered && !isSending()) throw monitorGone();
        try {
            sending.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) throw failure;
            throw new IllegalStateException("copying stdin", e.getCause());
        }
    }

    /** Copies what the peer sends, and leaves stdin alone; the peer reads no end before it has sent its own. */
    void receiveOnly() throws IOException {
        receive();
        boolean answered = monitorAnswers();
        if (isBroken()) throw gone();
        if (!answered) throw monitorGone();
        endSending();
    }

    private static IOException gone() {
        return new IOException("the connection broke off: the peer reset it, or the monitor cut it");
    }

    private static IOException monitorGone() {
        return new IOException("the monitor has ended, so what came may be only a part of what the peer sent");
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
                poll.set(1, toPeer.value(), 0); // reports that its reader is gone
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

    /** Writes all of {@code length} bytes, and waits where it must; 0, or {@code -errno}. */
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

    /** Whether the write end is open and has no reader any more. */
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
            return false; // and nothing is to be done about it but to say what it means
        }
    }
}
