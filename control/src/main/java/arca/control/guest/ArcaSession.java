package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import java.io.Closeable;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A guest's session with its monitor, by which it listens and connects; TCP itself is the monitor's.
 *
 * <pre>{@code
 * try (ArcaSession session = ArcaSession.connect("/run/arca/control.sock");
 *         ArcaStream stream = session.connect(new InetSocketAddress("192.0.2.1", 80), Duration.ofSeconds(5))) {
 *     stream.outputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
 *     stream.shutdownOutput();
 *     stream.inputStream().transferTo(System.out);
 * }
 * }</pre>
 *
 * <p>Any thread may call any method, and none keeps another waiting: replies come in any order, and a thread of the
 * session's own takes each to its caller. A call ends early, and leaves the session as it was,
 *
 * <ul>
 *   <li>by its timeout, with a {@link java.net.SocketTimeoutException};
 *   <li>by {@link Thread#interrupt}, with an {@link java.io.InterruptedIOException}; the thread is still interrupted then;
 *   <li>by {@link #close}, with an {@link java.nio.channels.AsynchronousCloseException}; later calls get a
 *       {@link java.nio.channels.ClosedChannelException}.
 * </ul>
 *
 * <p>What the monitor's system calls answer is thrown as an {@link ErrnoException}, as if they had been made here:
 * {@code connect 192.0.2.1:80: ECONNREFUSED (Connection refused)}. If the monitor stops, or breaks the protocol, all calls,
 * waiting and later ones, get a {@link SessionEndedException}.
 *
 * <p>Calls wait in the JVM, so virtual threads may make them, all but {@link #connect(String)}. What they get, an
 * {@link ArcaStream}, is for platform threads.
 *
 * <p>Streams outlive their session. Listeners do not: revision 1 cannot close them singly.
 */
public final class ArcaSession implements Closeable {
    private final Conversation conversation;

    private ArcaSession(Conversation conversation) {
        this.conversation = conversation;
    }

    /**
     * Connects to a monitor. It waits while the monitor's backlog is full.
     *
     * @param control the path of its control socket
     * @return a session; the caller closes it
     * @throws ErrnoException ENOENT, ECONNREFUSED, EACCES, … of connect(2), or EMFILE
     */
    public static ArcaSession connect(Path control) throws ErrnoException {
        return connect(control.toString());
    }

    /**
     * Connects to a monitor. It waits while the monitor's backlog is full.
     *
     * @param control the path of its control socket
     * @return a session; the caller closes it
     * @throws ErrnoException ENOENT, ECONNREFUSED, EACCES, … of connect(2), or EMFILE
     * @throws IllegalArgumentException if the path is empty, or longer than the 107 bytes a Unix socket's may have
     * @throws UnsupportedOperationException in a virtual thread: it may wait in connect(2), which would hold the carrier
     */
    public static ArcaSession connect(String control) throws ErrnoException {
        PlatformThread.require("connects to a monitor");
        return of(Sockets.connect(SocketAddress.Unix.path(control)));
    }

    /**
     * A session over a socket that is connected to a monitor already: inherited, or one of a pair.
     *
     * @param control a Unix-domain stream socket at which nothing was said yet; the session's from now on, also where this
     *     throws
     * @return a session; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static ArcaSession of(Fd control) throws ErrnoException {
        return new ArcaSession(Conversation.begin(new UnixTransport(control)));
    }

    /**
     * A session with a monitor in the same process, over two kernel pipes.
     *
     * @param fromMonitor the read end of one; the session's from now on, also where this throws
     * @param toMonitor the write end of the other; likewise
     * @param pipes where the ends of data pipes are taken: the monitor
     * @return a session; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static ArcaSession of(Fd fromMonitor, Fd toMonitor, DataPipes pipes) throws ErrnoException {
        return new ArcaSession(Conversation.begin(new PipeTransport(fromMonitor, toMonitor, pipes)));
    }

    /**
     * Listens for TCP connections.
     *
     * @param at where; port 0 is any free one, though revision 1 cannot tell which
     * @return the listener
     * @throws ErrnoException EADDRINUSE, EADDRNOTAVAIL, … of bind(2) or listen(2); EACCES where the monitor's policy forbids
     *     it; ESHUTDOWN if the monitor is stopping
     * @throws IOException if the call ends early, as said above; the monitor may still come to listen, until the session ends
     */
    public ArcaListener listen(Endpoint at) throws IOException {
        Call<ArcaListener> call = new Call<>("listen " + at);
        conversation.listen(at, call);
        return call.await(Duration.ZERO);
    }

    /**
     * Listens for TCP connections.
     *
     * @param at where, as {@link #listen(Endpoint)}
     * @return the listener
     * @throws UnknownHostException if it is no IPv4 address, or a name that was not resolved
     * @throws IOException as {@link #listen(Endpoint)}
     */
    public ArcaListener listen(InetSocketAddress at) throws IOException {
        return listen(endpoint(at));
    }

    /**
     * Connects by TCP; waits for the handshake as long as the monitor does.
     *
     * @param to where to
     * @return the connection; the caller closes it
     * @throws IOException as {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(Endpoint to) throws IOException {
        return connect(to, Duration.ZERO);
    }

    /**
     * Connects by TCP.
     *
     * @param to where to
     * @param timeout how long to wait; zero is as long as the monitor does
     * @return the connection; the caller closes it
     * @throws ErrnoException ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, … of the handshake; EACCES where the monitor's policy
     *     forbids it; EMFILE, also where this process has no descriptors left for the connection
     * @throws IOException if the call ends early, as said above; a connection that still comes to be is closed
     */
    public ArcaStream connect(Endpoint to, Duration timeout) throws IOException {
        if (timeout.isNegative()) throw new IllegalArgumentException("a negative timeout: " + timeout);
        Call<ArcaStream> call = new Call<>("connect " + to);
        conversation.connect(to, call);
        return call.await(timeout);
    }

    /**
     * Connects by TCP; waits for the handshake as long as the monitor does.
     *
     * @param to where to
     * @return the connection; the caller closes it
     * @throws UnknownHostException if it is no IPv4 address, or a name that was not resolved
     * @throws IOException as {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(InetSocketAddress to) throws IOException {
        return connect(endpoint(to), Duration.ZERO);
    }

    /**
     * Connects by TCP.
     *
     * @param to where to
     * @param timeout how long to wait; zero is as long as the monitor does
     * @return the connection; the caller closes it
     * @throws UnknownHostException if it is no IPv4 address, or a name that was not resolved
     * @throws IOException as {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(InetSocketAddress to, Duration timeout) throws IOException {
        return connect(endpoint(to), timeout);
    }

    private static Endpoint endpoint(InetSocketAddress address) throws UnknownHostException {
        if (address.isUnresolved()) throw new UnknownHostException(address.getHostString());
        if (!(address.getAddress() instanceof Inet4Address ipv4)) {
            throw new UnknownHostException("the protocol has IPv4 addresses only: " + address);
        }
        return new Endpoint(ByteBuffer.wrap(ipv4.getAddress()).getInt(), address.getPort());
    }

    /**
     * Returns when the monitor has answered, which it does also while it stops. What the monitor did before it answered,
     * such as closing its ends of a connection that was reset, is done by then.
     *
     * @throws SessionEndedException if the monitor is gone
     * @throws IOException if the call ends early, as said above
     */
    public void ping() throws IOException {
        Call<Integer> call = new Call<>("ping");
        conversation.ping(call);
        call.await(Duration.ZERO);
    }

    /**
     * Whether calls can still be answered.
     *
     * @return false once this was closed, or the session is known to be over
     */
    public boolean isOpen() {
        return conversation.isOpen();
    }

    /**
     * Ends the session: the monitor closes its listeners, and connections that nobody has accepted. Calls that wait are
     * woken. Streams go on. Does nothing to a closed session.
     */
    @Override
    public void close() {
        conversation.close();
    }
}
