package arca.cli;

import static arca.bindings.Constants.POLLOUT;

import arca.bindings.Errno;
import arca.bindings.Poll;
import arca.bindings.Syscalls;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/**
 * Writes lines to a descriptor that nobody may be reading, such as stderr behind a pager. A thread of its own writes them;
 * until then they are kept in memory. When that memory is full, whole lines are dropped and counted. As soon as there is room,
 * a line in their place says how many. So a thread that logs never waits for the descriptor. Any thread may write.
 */
final class LogWriter extends OutputStream {
    /** Bytes that may wait: about 2000 lines. The thread can hold as many more, which it is writing. */
    static final int CAPACITY = 256 << 10;

    /**
     * The longest line in bytes; longer lines are cut. A pipe takes this many bytes as a whole, and does so without blocking
     * if poll(2) reports it as writable: pipe(7), "PIPE_BUF".
     */
    static final int LONGEST = 4096;

    private final int fd;
    private final LongFunction<String> notice;
    private final byte[] line = new byte[LONGEST]; // the line that is not complete yet
    private int lineLength;
    private byte[] waiting; // whole lines
    private int waitingLength;
    private long dropped; // lines dropped after those in waiting
    private boolean writing;

    // Used only by the writing thread.
    private byte[] batch;
    private int batchLength;
    private long missing; // lines that did not reach the descriptor and are not reported yet

    private LogWriter(int fd, int capacity, LongFunction<String> notice) {
        this.fd = fd;
        this.notice = notice;
        this.waiting = new byte[capacity];
        this.batch = new byte[capacity];
    }

    /**
     * Starts a writer and its thread, which runs until the process ends.
     *
     * @param fd a descriptor, which the caller owns and never closes
     * @param capacity how many bytes may wait
     * @param notice makes the line that says how many lines were dropped, with its line feed
     */
    static LogWriter start(int fd, int capacity, LongFunction<String> notice) {
        LogWriter writer = new LogWriter(fd, Math.max(capacity, LONGEST), notice);
        Thread.ofPlatform().daemon().name("log").start(writer::run);
        return writer;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            boolean ends = bytes[i] == '\n';
            if (ends || lineLength < LONGEST - 1) line[lineLength++] = bytes[i];
            if (ends) add();
        }
    }

    private void add() {
        // Once a line was dropped, all lines are, until the thread takes the count: so the notice stands in the right
        // place.
        if (dropped > 0 || waitingLength + lineLength > waiting.length) {
            dropped++;
        } else {
            System.arraycopy(line, 0, waiting, waitingLength, lineLength);
            waitingLength += lineLength;
            notifyAll();
        }
        lineLength = 0;
    }

    /** Waits until everything is written, but at most {@code millis}. Returns whether everything is written. */
    synchronized boolean awaitWritten(long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (waitingLength > 0 || writing) {
            long left = deadline - System.nanoTime();
            if (left <= 0) return false;
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
        }
        return true;
    }

    // The thread that writes.

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, fd, POLLOUT);
            MemorySegment piece = arena.allocate(LONGEST);
            for (; ; ) {
                long droppedAfter = take();
                reportMissing(poll, piece);
                writeBatch(poll, piece);
                missing += droppedAfter;
                reportMissing(poll, piece);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }

    /** Waits for lines and takes them all. Returns how many lines were dropped after them. */
    private synchronized long take() throws InterruptedException {
        writing = false;
        notifyAll();
        while (waitingLength == 0) wait();
        writing = true;
        byte[] empty = batch;
        batch = waiting;
        batchLength = waitingLength;
        waiting = empty;
        waitingLength = 0;
        long droppedAfter = dropped;
        dropped = 0;
        return droppedAfter;
    }

    private void reportMissing(Poll poll, MemorySegment piece) {
        if (missing == 0) return;
        byte[] text = notice.apply(missing).getBytes(StandardCharsets.UTF_8);
        if (write(poll, piece, text, 0, text.length)) missing = 0;
    }

    /** Writes the batch in pieces of whole lines. */
    private void writeBatch(Poll poll, MemorySegment piece) {
        int start = 0;
        int end = 0; // the end of the last whole line that fits into this piece
        int lines = 0;
        for (int i = 0; i < batchLength; i++) {
            if (batch[i] != '\n') continue;
            if (i + 1 - start > LONGEST) {
                if (!write(poll, piece, batch, start, end)) missing += lines;
                start = end;
                lines = 0;
            }
            end = i + 1;
            lines++;
        }
        if (!write(poll, piece, batch, start, end)) missing += lines;
    }

    /** Writes bytes, and waits for the descriptor's reader. Returns false if the descriptor cannot be written any more. */
    private boolean write(Poll poll, MemorySegment piece, byte[] bytes, int start, int end) {
        MemorySegment.copy(bytes, start, piece, ValueLayout.JAVA_BYTE, 0, end - start);
        for (long done = 0; done < end - start; ) {
            Syscalls.poll(poll.memory(), -1); // another process that shares this file may have set O_NONBLOCK
            long n = Syscalls.write(fd, piece, done, end - start - done);
            if (n < 0 && n != -Errno.EAGAIN) return false;
            done += Math.max(n, 0);
        }
        return true;
    }
}
