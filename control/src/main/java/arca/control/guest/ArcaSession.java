package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import arca.control.IpAddress;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A guest's session with its monitor. With it a guest listens and connects; the monitor owns the TCP sockets.
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
 * <p>Any thread may call any method, and no call delays another: the monitor replies in any order, and the session has a
 * thread that gives each reply to its caller. Three things end a call before its reply, and do not harm the session:
 *
 * <ul>
 *   <li>Its timeout: the call throws a {@link java.net.SocketTimeoutException}.
 *   <li>{@link Thread#interrupt}: the call throws an {@link java.io.InterruptedIOException}, and the interrupt status stays
 *       set.
 *   <li>{@link #close} by another thread: the call throws an {@link java.nio.channels.AsynchronousCloseException}. Later
 *       calls throw a {@link java.nio.channels.ClosedChannelException}.
 * </ul>
 *
 * <p>If a system call of the monitor fails, the call here throws an {@link ErrnoException}, as if it had made the system call
 * itself: {@code connect 192.0.2.1:80: ECONNREFUSED (Connection refused)}. If the monitor stops, or breaks the protocol, all
 * waiting and later calls throw a {@link SessionEndedException}.
 *
 * <p>Virtual threads may call every method except {@link #connect(String)}. An {@link ArcaStream}, however, can be read
 * and written only by platform threads.
 *
 * <p>Streams go on when their session ends. Listeners end with it; revision 1 of the protocol cannot close one alone.
 */
public final class ArcaSession implements Closeable {
    private final Conversation conversation;

    private ArcaSession(Conversation conversation) {
        this.conversation = conversation;
    }

    /**
     * Connects to a monitor. Waits while the monitor's backlog is full.
     *
     * @param control the path of the monitor's control socket
     * @return a session; the caller closes it
     * @throws ErrnoException if connect(2) fails, with ENOENT, ECONNREFUSED, EACCES, …; or EMFILE
     */
    public static ArcaSession connect(Path control) throws ErrnoException {
        return connect(control.toString());
    }

    /**
     * Connects to a monitor. Waits while the monitor's backlog is full.
     *
     * @param control the path of the monitor's control socket
     * @return a session; the caller closes it
     * @throws ErrnoException if connect(2) fails, with ENOENT, ECONNREFUSED, EACCES, …; or EMFILE
     * @throws IllegalArgumentException if the path is empty, or longer than 107 bytes, the limit for a Unix socket
     * @throws UnsupportedOperationException in a virtual thread: it may wait in connect(2), which would hold the carrier
     */
    public static ArcaSession connect(String control) throws ErrnoException {
        PlatformThread.require("connects to a monitor");
        return of(Sockets.connect(SocketAddress.Unix.path(control)));
    }

    /**
     * Opens a session over a socket that is already connected to a monitor, such as an inherited one, or one of a pair.
     *
     * @param control a Unix-domain stream socket that was not yet used; the session takes ownership, even if this throws
     * @return a session; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static ArcaSession of(Fd control) throws ErrnoException {
        return new ArcaSession(Conversation.begin(new UnixTransport(control)));
    }

    /**
     * Opens a session with a monitor in the same process, over two kernel pipes.
     *
     * @param fromMonitor the read end of the first pipe; the session takes ownership, even if this throws
     * @param toMonitor the write end of the second pipe; the session takes ownership, even if this throws
     * @param pipes gives the ends of data pipes; the monitor implements it
     * @return a session; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static ArcaSession of(Fd fromMonitor, Fd toMonitor, DataPipes pipes) throws ErrnoException {
        return new ArcaSession(Conversation.begin(new PipeTransport(fromMonitor, toMonitor, pipes)));
    }

    /**
     * Listens for TCP connections.
     *
     * @param at where to listen; port 0 means any free port, but revision 1 of the protocol cannot tell which
     * @return the listener; the caller closes it
     * @throws ErrnoException if bind(2) or listen(2) fails, with EADDRINUSE, EADDRNOTAVAIL, …; EACCES if the monitor's
     *     policy denies it; ESHUTDOWN if the monitor is stopping
     * @throws IOException if the call ends early, as described above; the monitor may still open the listener, and then
     *     keeps it until the session ends
     */
    public ArcaListener listen(Endpoint at) throws IOException {
        Call<ArcaListener> call = new Call<>("listen " + at);
        conversation.listen(at, call);
        return call.await(Duration.ZERO);
    }

    /**
     * Listens for TCP connections.
     *
     * @param at where to listen, as in {@link #listen(Endpoint)}
     * @return the listener; the caller closes it
     * @throws UnknownHostException if it is not an IPv4 address, or a name that was not resolved
     * @throws IOException for the reasons of {@link #listen(Endpoint)}
     */
    public ArcaListener listen(InetSocketAddress at) throws IOException {
        return listen(endpoint(at));
    }

    /**
     * Opens a TCP connection. Waits for the handshake as long as the monitor does.
     *
     * @param to where to connect to
     * @return the connection; the caller closes it
     * @throws IOException for the reasons of {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(Endpoint to) throws IOException {
        return connect(to, Duration.ZERO);
    }

    /**
     * Opens a TCP connection.
     *
     * @param to where to connect to
     * @param timeout how long to wait; zero means as long as the monitor does
     * @return the connection; the caller closes it
     * @throws ErrnoException if the handshake fails, with ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, …; EACCES if the monitor's
     *     policy denies it; EMFILE at a limit of the monitor, or if this process has no free descriptors
     * @throws IOException if the call ends early, as described above; a connection that comes later is closed
     */
    public ArcaStream connect(Endpoint to, Duration timeout) throws IOException {
        if (timeout.isNegative()) throw new IllegalArgumentException("a negative timeout: " + timeout);
        Call<ArcaStream> call = new Call<>("connect " + to);
        conversation.connect(to, call);
        return call.await(timeout);
    }

    /**
     * Opens a TCP connection. Waits for the handshake as long as the monitor does.
     *
     * @param to where to connect to
     * @return the connection; the caller closes it
     * @throws UnknownHostException if it is not an IPv4 address, or a name that was not resolved
     * @throws IOException for the reasons of {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(InetSocketAddress to) throws IOException {
        return connect(endpoint(to), Duration.ZERO);
    }

    /**
     * Opens a TCP connection.
     *
     * @param to where to connect to
     * @param timeout how long to wait; zero means as long as the monitor does
     * @return the connection; the caller closes it
     * @throws UnknownHostException if it is not an IPv4 address, or a name that was not resolved
     * @throws IOException for the reasons of {@link #connect(Endpoint, Duration)}
     */
    public ArcaStream connect(InetSocketAddress to, Duration timeout) throws IOException {
        return connect(endpoint(to), timeout);
    }

    private static Endpoint endpoint(InetSocketAddress address) throws UnknownHostException {
        if (address.isUnresolved()) throw new UnknownHostException(address.getHostString());
        Endpoint endpoint = new Endpoint(IpAddress.of(address.getAddress().getAddress()), address.getPort());
        if (endpoint.isIpv4()) return endpoint;
        throw new UnknownHostException("IPv6 addresses are not possible in revision 1 of the protocol: " + address);
    }

    /**
     * Asks the monitor for a reply, and waits for it. The monitor replies also while it is stopping. What it did before is
     * complete then: if a peer has reset a connection, for example, the monitor has closed both of its ends.
     *
     * @throws SessionEndedException if the monitor is gone
     * @throws IOException if the call ends early, as described above
     */
    public void ping() throws IOException {
        Call<Integer> call = new Call<>("ping");
        conversation.ping(call);
        call.await(Duration.ZERO);
    }

    /**
     * Returns whether this session is open.
     *
     * @return false if it was closed, or is known to have ended
     */
    public boolean isOpen() {
        return conversation.isOpen();
    }

    /**
     * Closes this session. Wakes all calls that wait. Closes connections that no call has accepted. The monitor closes the
     * session's listeners. Streams go on. Does nothing to a closed session.
     */
    @Override
    public void close() {
        conversation.close();
    }
}
