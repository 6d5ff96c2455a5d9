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
 * A TCP connection of a guest. Its bytes flow through the two pipes of a data pipe. It behaves like a
 * {@link java.nio.channels.SocketChannel} in blocking mode:
 *
 * <ul>
 *   <li>Any thread may call any method. Reads take turns, and so do writes: the bytes of two writes do not mix. A read never
 *       delays a write.
 *   <li>{@link #close} by another thread ends a waiting call with an
 *       {@link java.nio.channels.AsynchronousCloseException}. {@link Thread#interrupt} closes the stream and ends a waiting
 *       call with a {@link java.nio.channels.ClosedByInterruptException}.
 *   <li>A read returns -1 when the peer has ended its direction. It also returns -1 when the peer has reset the connection:
 *       a pipe cannot tell one from the other. A write to a peer that is gone fails with EPIPE.
 * </ul>
 *
 * <p>Read and write from platform threads. A read or write waits in poll(2); a virtual thread would keep its carrier thread
 * while it waits, and so stop other virtual threads. In a virtual thread, both throw an
 * {@link UnsupportedOperationException} at once.
 */
public final class ArcaStream extends AbstractInterruptibleChannel implements ByteChannel {
    private static final Duration NO_LIMIT = Duration.ZERO;

    private final PipeEnd input;
    private final PipeEnd output;
    private final int connectionId;
    private final long ringSize;
    private volatile Duration readTimeout = NO_LIMIT;

    /** Takes ownership of both ends, even if it throws. */
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
     * Returns the monitor's number for this connection, as the monitor's log shows it.
     *
     * @return the connection_id, u32
     */
    public int connectionId() {
        return connectionId;
    }

    /**
     * Returns how much each direction's pipe could hold at the handoff.
     *
     * @return the ring_size in bytes, u64
     */
    public long ringSize() {
        return ringSize;
    }

    /**
     * Sets how long a read may wait. A read that waits longer throws a {@link java.net.SocketTimeoutException}; the stream
     * can be used after that.
     *
     * @param timeout how long a read may wait; zero, the default, means without limit
     */
    public void readTimeout(Duration timeout) {
        if (timeout.isNegative()) throw new IllegalArgumentException("a negative timeout: " + timeout);
        readTimeout = timeout;
    }

    /**
     * Reads the bytes that are there. Waits until there is at least one.
     *
     * @param into where to put the bytes; a direct buffer is filled without a copy
     * @return the number of bytes read, -1 at the end, or 0 if the buffer has no room
     * @throws java.net.SocketTimeoutException if nothing came within {@link #readTimeout}
     * @throws ClosedChannelException if the stream is closed before the call or during it
     * @throws IllegalArgumentException if the buffer is read-only
     * @throws UnsupportedOperationException in a virtual thread
     */
    @Override
    public int read(ByteBuffer into) throws IOException {
        PlatformThread.require("reads an ArcaStream");
        if (into.isReadOnly()) throw new IllegalArgumentException("cannot read into a read-only buffer");
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
     * Writes all bytes of a buffer. Waits while the pipe is full.
     *
     * @param from the bytes; a direct buffer is written without a copy
     * @return the number of bytes written
     * @throws ErrnoException EPIPE if the peer or the monitor is gone; the buffer's position tells how much was written
     * @throws ClosedChannelException if the stream or its output is closed before the call or during it
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
            n = output.transfer(from, NO_LIMIT);
            completed = true;
        } finally {
            end(completed);
        }
        return n;
    }

    /**
     * Ends the direction to the peer: the peer reads the end after all bytes. Waiting and later writes throw a
     * {@link ClosedChannelException}. Reading goes on.
     */
    public void shutdownOutput() {
        output.close();
    }

    /**
     * Ends the direction from the peer: waiting and later reads return -1, and the monitor throws away what the peer still
     * sends. Writing goes on.
     */
    public void shutdownInput() {
        input.close();
    }

    /**
     * Returns the bytes from the peer as a {@code java.io} stream.
     *
     * @return a stream whose close closes this one
     */
    public InputStream inputStream() {
        return Channels.newInputStream(this);
    }

    /**
     * Returns the bytes to the peer as a {@code java.io} stream.
     *
     * @return a stream whose close closes this one; use {@link #shutdownOutput} to end one direction only
     */
    public OutputStream outputStream() {
        return Channels.newOutputStream(this);
    }

    /**
     * Gives the two descriptors to the caller, who may pass them to a child process or use them in system calls. Closes this
     * stream; the connection goes on. The descriptors are in blocking mode.
     *
     * @return the two ends; the caller closes them
     * @throws ClosedChannelException if the stream, or one direction of it, is closed
     * @throws IllegalStateException if another thread is reading or writing
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

    /** Closes a stream that no caller has received. */
    void discard() {
        implCloseChannel();
    }

    @Override
    protected void implCloseChannel() {
        input.close();
        output.close();
    }
}
