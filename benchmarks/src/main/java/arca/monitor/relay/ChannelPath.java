package arca.monitor.relay;

import static arca.bindings.Constants.O_NONBLOCK;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.StandardOpenOption;

/**
 * The JDK's path: a SocketChannel, and a FileChannel on the pipe's end. The JDK's own {@link java.nio.channels.Pipe} takes
 * neither a size nor an existing descriptor. The direct buffer is as large as that of the monitor's copy.
 *
 * <p>The FileChannel is a blocking one, but never waits: the pipe is empty before each write, and no write is larger.
 */
final class ChannelPath implements Path {
    private static final int BUFFER = 256 * 1024;
    private static final int LOCALHOST = 0x7f000001;

    private final boolean fromPipe;
    private final Pipe pipe;
    private final ByteBuffer buffer;
    private final FileChannel pipeEnd;
    private final SocketChannel socket;
    private final Fd peer;

    ChannelPath(PathBenchmark.Direction direction, int pipeSize) throws IOException {
        fromPipe = direction == PathBenchmark.Direction.PIPE_TO_SOCKET;
        pipe = Pipe.open(O_NONBLOCK, pipeSize);
        buffer = ByteBuffer.allocateDirect(Math.min(BUFFER, pipe.capacity())).limit(0);
        Fd end = fromPipe ? pipe.reader() : pipe.writer();
        pipeEnd = FileChannel.open(
                java.nio.file.Path.of("/proc/self/fd/" + end.value()),
                fromPipe ? StandardOpenOption.READ : StandardOpenOption.WRITE);
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            peer = Sockets.connect(
                    new SocketAddress.IPv4(LOCALHOST, listener.socket().getLocalPort()));
            socket = listener.accept();
        }
        socket.configureBlocking(false);
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        peer.nonBlocking(true);
    }

    @Override
    public Fd feed() {
        return fromPipe ? pipe.writer() : peer;
    }

    @Override
    public Fd drain() {
        return fromPipe ? peer : pipe.reader();
    }

    @Override
    public long move(long count) throws IOException {
        ByteChannel source = fromPipe ? pipeEnd : socket;
        ByteChannel sink = fromPipe ? socket : pipeEnd;
        if (!buffer.hasRemaining()) {
            int n = source.read(buffer.clear().limit((int) Math.min(count, buffer.capacity())));
            buffer.flip();
            if (n == 0) return -Errno.EAGAIN;
        }
        int n = sink.write(buffer);
        return n > 0 ? n : -Errno.EAGAIN;
    }

    @Override
    public void awaitSocket() throws IOException {
        // Opened for each wait: a channel that stays registered costs more at every event.
        try (Selector selector = Selector.open()) {
            socket.register(selector, fromPipe ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
            selector.select();
        }
    }

    @Override
    public void close() throws IOException {
        pipeEnd.close();
        pipe.close();
        socket.close();
        peer.close();
    }
}
