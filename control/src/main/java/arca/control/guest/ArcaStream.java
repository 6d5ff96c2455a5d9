package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.time.Duration;

/**
 * A connection as the guest has it: bytes to and from a TCP peer, through the two pipes of a data pipe. Like a
 * {@link java.nio.channels.SocketChannel} in blocking mode:
 *
 * <ul>
 *   <li>Any thread may call any method; of several that read (or write) one goes at a time, so what two write does
 *       not mix; a reader never keeps a writer waiting.
 *   <li>{@link #close} from another thread ends a waiting call with an
 *       {@link java.nio.channels.AsynchronousCloseException}; {@link Thread#interrupt} closes the stream and ends it with
 *       a {@link java.nio.channels.ClosedByInterruptException}.
 *   <li>The end of what the peer sends is -1. A peer that resets the connection looks the same: a pipe cannot tell the
 *       two apart. Writing to a peer that is gone is an {@link ErrnoException} EPIPE.
 * </ul>
 *
 * <p>A call that waits does so in poll(2), which would hold the carrier of a virtual thread, and with it other virtual
 * threads. So a virtual thread that reads or writes gets an {@link UnsupportedOperationException} at once: read and write
 * from platform threads.
 */
public final class ArcaStream extends AbstractInterruptibleChannel implements ByteChannel {
    private static final Duration WITHOUT_END = Duration.ZERO;

    private final PipeEnd input;
    private final PipeEnd output;
    private final int connectionId;
    private final long ringSize;
    private volatile Duration readTimeout = WITHOUT_END;

    /** Takes ownership of both ends, also where it throws. */
    ArcaStream(DataPipes.Ends ends, int connectionId, long ringSize) throws ErrnoException {
        try {
            this.input = new PipeEnd(PipeEnd.Direction.READ, ends.reader());
            this.output = new PipeEnd(PipeEnd.Direction.WRITE, ends.writer());
        } catch (ErrnoException e) {
            ends.close();
            throw e;
        }
        this.connectionId = connectionId;
        this.ringSize = ringSize;
    }

    /**
     * The monitor's number of the connection, as its log shows it.
     *
     * @return an unsigned number
     */
    public int connectionId() {
        return connectionId;
    }

    /**
     * What each direction's pipe could hold at the handoff.
     *
     * @return bytes, unsigned
     */
    public long ringSize() {
        return ringSize;
    }

    /**
     * Has reads that wait longer end with a {@link java.net.SocketTimeoutException}, which leaves the stream as it was.
     *
     * @param timeout how long a read may wait; zero is without end
     */
    public void readTimeout(Duration timeout) {
        if (timeout.isNegative()) throw new IllegalArgumentException("a negative timeout: " + timeout);
        readTimeout = timeout;
    }

    /**
     * Reads what is there, at least one byte; waits for it.
     *
     * @param into where to; direct buffers are read into without a copy
     * @return bytes read, -1 at the end, 0 if the buffer has no room
     * @throws java.net.SocketTimeoutException if nothing came within {@link #readTimeout}
     * @throws ClosedChannelException if the stream is closed, by then or meanwhile
     * @throws IllegalArgumentException if the buffer is read-only
     * @throws UnsupportedOperationException in a virtual thread
     */
    @Override
    public int read(ByteBuffer into) throws IOException {
        PlatformThread.require("reads an ArcaStream");
        if (into.isReadOnly()) throw new IllegalArgumentException("a read-only buffer to read into");
        if (!isOpen()) throw new ClosedChannelException();
        if (!into.hasRemaining()) return 0;
        int n = 0;
        boolean completed = false;
        try {
            begin();
            n = input.transfer(into, readTimeout);
            completed = n > 0 || isOpen();
        } finally {
            end(completed);
        }
        return n == 0 ? -1 : n;
    }

    /**
     * Writes all of a buffer; waits where the pipe is full.
     *
     * @param from the bytes; direct buffers are written without a copy
     * @return how many there were
     * @throws ErrnoException EPIPE if the peer or the monitor is gone; the buffer's position tells what went before
     * @throws ClosedChannelException if the stream or its output is closed, by then or meanwhile
     * @throws UnsupportedOperationException in a virtual thread
     */
    @Override
    public int write(ByteBuffer from) throws IOException {
        PlatformThread.require("writes to an ArcaStream");
        if (!isOpen()) throw new ClosedChannelException();
        if (!from.hasRemaining()) return 0;
        int n = 0;
        boolean completed = false;
        try {
            begin();
            n = output.transfer(from, WITHOUT_END);
            completed = true;
        } finally {
            end(completed);
        }
        return n;
    }

    /**
     * Ends what this side sends: the peer reads the end after all bytes. Writes end with a
     * {@link ClosedChannelException}. Reading goes on.
     */
    public void shutdownOutput() {
        output.close();
    }

    /**
     * Ends what this side reads: reads, waiting ones too, answer -1, and what still comes from the peer is thrown away by
     * the monitor. Writing goes on.
     */
    public void shutdownInput() {
        input.close();
    }

    /**
     * This stream's bytes from the peer.
     *
     * @return a stream whose close closes this
     */
    public InputStream inputStream() {
        return Channels.newInputStream(this);
    }

    /**
     * This stream's bytes to the peer.
     *
     * @return a stream whose close closes this; {@link #shutdownOutput} is the half-close
     */
    public OutputStream outputStream() {
        return Channels.newOutputStream(this);
    }

    /**
     * Gives the two descriptors to the caller, for a process to inherit or for system calls of its own; this stream is
     * closed then, and the connection goes on. The descriptors are in blocking mode.
     *
     * @return the ends, from now on the caller's
     * @throws ClosedChannelException if the stream, or one direction of it, is closed
     * @throws IllegalStateException if another thread reads or writes
     */
    public DataPipes.Ends release() throws IOException {
        Fd reader = input.release();
        try {
            return new DataPipes.Ends(reader, output.release());
        } catch (IOException | RuntimeException e) {
            reader.close();
            throw e;
        } finally {
            close();
        }
    }

    /** Closes a stream that nobody has got. */
    void discard() {
        implCloseChannel();
    }

    @Override
    protected void implCloseChannel() {
        input.close();
        output.close();
    }
}
