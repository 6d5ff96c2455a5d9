package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET6;
import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.EPOLLPRI;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A TCP socket: one end of a connection, or a listener. Each end has a queue of bytes to be read and one of bytes to be
 * sent. Bytes arrive after a while, as far as the other end's window allows, and are then acknowledged.
 *
 * <pre>
 * state        event                  next         because
 * NEW          connect                CONNECTING
 * NEW          listen                 LISTENING
 * CONNECTING   the handshake ends     CONNECTED    or CLOSED, with an error
 * CONNECTED    a reset                CLOSED       what had arrived can still be read
 * any          the last reference     closed       unsent bytes are still sent, unless unread bytes are left
 * </pre>
 */
final class SimTcp extends SimFile {
    private enum State {
        NEW,
        CONNECTING,
        LISTENING,
        CONNECTED,
        CLOSED
    }

    private final World world;
    private State state = State.NEW;
    SimTcp other;
    private boolean connects;
    final int family;
    SocketAddress.Inet local;
    SocketAddress.Inet remote; // once it connects

    // To be read.
    private final SimReceiveQueue received = new SimReceiveQueue();
    private boolean ended; // the other end's FIN has come
    private boolean readShut;
    private int error;
    boolean urgentInLine;

    // To be sent.
    private final Chunks unsent = new Chunks();
    private int heldBack; // bytes at its end: MSG_MORE
    private final Queue<Long> urgents = new ArrayDeque<>(); // positions in the stream
    private int sendBuffer = 1 << 16;
    private long sent; // bytes that have arrived at the other end
    private int unacknowledged;
    private boolean writeShut;
    private boolean endsFirst; // its FIN was sent before the other's had come
    private boolean endSent;
    private boolean endAcknowledged;
    private boolean noSpace; // the sender waits for room
    private boolean transmits;
    private static final int SEGMENT = 1448;
    private static final long PROBE = 200_000_000; // nanoseconds, after which TCP sends what it holds back
    private long latency = 50_000;
    private long quiet; // no acknowledgement arrives before this time

    private final Queue<SimTcp> backlog = new ArrayDeque<>();
    private boolean wasReset;
    private boolean resetOnClose;

    /** Creates a socket of a family, AF_INET or AF_INET6, that is bound to no address. */
    SimTcp(World world, int family) {
        this.world = world;
        this.family = family;
        this.local = address(family, "0.0.0.0", "::", 0);
    }

    static SocketAddress.Inet loopback(int family, int port) {
        return address(family, "127.0.0.1", "::1", port);
    }

    private static SocketAddress.Inet address(int family, String ipv4, String ipv6, int port) {
        return family == AF_INET6
                ? new SocketAddress.IPv6((Inet6Address) InetAddress.ofLiteral(ipv6), port)
                : new SocketAddress.IPv4((Inet4Address) InetAddress.ofLiteral(ipv4), port);
    }

    /** Sets the buffer sizes and the delay of this end. */
    void tune(int buffers, long nanos) {
        sendBuffer = buffers;
        received.resize(buffers);
        latency = nanos;
    }

    // Setup.

    boolean isListening() {
        return state == State.LISTENING;
    }

    boolean isConnecting() {
        return state == State.CONNECTING;
    }

    void listen() {
        state = State.LISTENING;
    }

    void connecting() {
        state = State.CONNECTING;
        connects = true;
    }

    /** Returns whether connect(2) has given it a local port. */
    boolean connects() {
        return connects;
    }

    /** Ends the handshake with success. Returns false if this end is closed by now. {@code with} may be this socket. */
    boolean connected(SimTcp with) {
        if (state == State.CLOSED) return false;
        other = with;
        with.other = this;
        with.state = State.CONNECTED;
        with.local = remote;
        if (with != this) with.remote = local;
        state = State.CONNECTED;
        wake(ANY);
        return true;
    }

    /** Ends the handshake with an error. */
    void refused(int errno) {
        if (state == State.CONNECTING) gone(errno);
    }

    /** Puts a connection into a listener's queue. */
    void arrive(SimTcp connection) {
        backlog.add(connection);
        wake(EPOLLIN);
    }

    SimTcp accept() {
        return backlog.poll();
    }

    int waiting() {
        return backlog.size();
    }

    // Reading.

    int readable() {
        return received.size();
    }

    long arrived() {
        return received.arrived();
    }

    boolean wasReset() {
        return wasReset;
    }

    /** Takes the next piece for splice(2). Returns null if there is none: {@link #nothing} says why. */
    byte[] splicePiece(int most) {
        return taken(received.takePiece(most));
    }

    /**
     * Takes bytes as recv(2) does: up to the urgent byte, or from it on. Returns null if there are none:
     * {@link #nothing}.
     */
    byte[] receive(int most) {
        return taken(received.take(most));
    }

    /** Returns the next byte, as MSG_PEEK does; null if there is none. */
    byte[] peek() {
        return received.peek();
    }

    private byte[] taken(byte[] bytes) {
        if (bytes != null && other != null) other.transmit(); // the window is open
        return bytes;
    }

    /** Returns the result of recv(2) and splice(2) if they get no byte. */
    int nothing() {
        if (ended) return 0;
        if (error != 0) return -takeError();
        if (readShut) return 0;
        return state == State.CONNECTED ? -Errno.EAGAIN : -Errno.ENOTCONN;
    }

    int takeError() {
        int once = error;
        error = 0;
        return once;
    }

    // Sending.

    /** Returns whether send(2) may take bytes: 0, or {@code -errno}. */
    int mayNotSend() {
        if (error != 0) return -takeError();
        if (writeShut) return -Errno.EPIPE;
        if (state != State.CONNECTED) return -Errno.EPIPE;
        if (room() > 0) return 0;
        noSpace = true;
        return -Errno.EAGAIN;
    }

    int room() {
        return Math.max(0, sendBuffer - queued());
    }

    private int queued() {
        return unsent.size() + unacknowledged;
    }

    /** Takes bytes that there is room for. */
    void send(byte[] bytes) {
        send(bytes, false);
    }

    /** Takes bytes; with MSG_MORE the last segment is held back where it is not full. */
    void send(byte[] bytes, boolean more) {
        unsent.add(bytes);
        heldBack = more ? unsent.size() % SEGMENT : 0;
        if (more) world.in(PROBE, this::push);
        transmit();
    }

    /** Sends what TCP holds back, as TCP_NODELAY, an acknowledgement or a timer does. */
    void push() {
        heldBack = 0;
        transmit();
    }

    int heldBack() {
        return heldBack;
    }

    /** Makes the last byte that was sent urgent: MSG_OOB. */
    void urgent() {
        urgents.add(sent + unsent.size() - 1);
    }

    /** Returns the length of the send queue: SIOCOUTQ. A FIN counts as one byte. */
    int outq() {
        if (state == State.NEW || state == State.CONNECTING) return 0;
        return queued() + (writeShut && !endAcknowledged ? 1 : 0);
    }

    void shutdownWrite() {
        if (writeShut || state != State.CONNECTED) return;
        writeShut = true;
        endsFirst = !ended;
        push();
    }

    void shutdownRead() {
        readShut = true;
        wake(ANY);
    }

    /** Returns whether the kernel keeps the local port after the close, in TIME_WAIT or on the way there. */
    boolean keepsPort() {
        return state == State.CONNECTED && endsFirst;
    }

    boolean isConnected() {
        return state == State.CONNECTED && !isOver();
    }

    /** Returns whether both directions have ended in good order. */
    private boolean isOver() {
        return ended && endAcknowledged;
    }

    private boolean isWritable() {
        return queued() <= sendBuffer - queued() / 2;
    }

    // On the way.

    private boolean hasToTransmit() {
        if (state != State.CONNECTED) return false;
        if (!unsent.isEmpty()) return unsent.size() > heldBack && other.received.window() > 0;
        return writeShut && !endSent;
    }

    private void transmit() {
        if (transmits || !hasToTransmit()) return;
        transmits = true;
        world.in(delay(), this::deliver);
    }

    private long delay() {
        return 1 + world.random.nextLong(latency);
    }

    private void deliver() {
        transmits = false;
        if (!hasToTransmit()) return;
        if (unsent.isEmpty()) {
            endSent = true;
            acknowledge(0);
            other.endArrived();
        } else {
            int window = other.received.window();
            byte[] bytes = unsent.takePiece(
                    Math.min(Math.min(window, unsent.size() - heldBack), 1 + world.random.nextInt(1 << 15)));
            unacknowledged += bytes.length;
            sent += bytes.length;
            long urgent = -1;
            while (!urgents.isEmpty() && urgents.element() < sent) urgent = urgents.remove();
            if (other.arrive(bytes, urgent)) acknowledge(bytes.length);
            else resetOther();
        }
        transmit();
    }

    private void acknowledge(int bytes) {
        quiet = Math.max(quiet, world.now() + delay());
        world.in(quiet - world.now(), () -> acknowledged(bytes));
    }

    private void acknowledged(int bytes) {
        if (state != State.CONNECTED) return;
        if (bytes == 0) {
            endAcknowledged = true;
            wake(ANY);
            return;
        }
        unacknowledged -= bytes;
        push();
        if (noSpace && isWritable()) {
            noSpace = false;
            wake(EPOLLOUT);
        }
    }

    /** Takes bytes that arrive. Returns false if nobody will read them; the sender then gets a reset. */
    private boolean arrive(byte[] bytes, long urgent) {
        if (state != State.CONNECTED) return true; // the reset is on its way
        if (!isOpen()) return false;
        received.add(bytes, urgent);
        wake(EPOLLIN | EPOLLPRI);
        return true;
    }

    private void endArrived() {
        if (state != State.CONNECTED) return;
        ended = true;
        wake(ANY);
    }

    /** Closes the other end with a reset, because bytes have arrived there after its close. */
    private void resetOther() {
        other.gone(0);
        world.in(delay(), this::resetArrived);
    }

    private void resetArrived() {
        if (!isConnected()) return;
        wasReset = true;
        gone(ended ? Errno.EPIPE : Errno.ECONNRESET);
    }

    private void gone(int errno) {
        error = errno;
        state = State.CLOSED;
        readShut = true;
        writeShut = true;
        unsent.clear();
        heldBack = 0;
        wake(ANY);
    }

    // Ends.

    void resetOnClose() {
        resetOnClose = true;
    }

    /** Resets the connection. Unsent bytes are lost. */
    void abort() {
        if (state != State.CONNECTED) return;
        gone(0);
        world.in(delay(), other::resetArrived);
    }

    @Override
    void released() {
        if (state == State.LISTENING) backlog.forEach(SimTcp::abort);
        close();
    }

    private void close() {
        if (state == State.CONNECTED) {
            if (received.isEmpty() && !resetOnClose) shutdownWrite();
            else abort();
        } else {
            state = State.CLOSED;
        }
    }

    @Override
    int events() {
        switch (state) {
            case LISTENING -> {
                return backlog.isEmpty() ? 0 : EPOLLIN;
            }
            case CONNECTING -> {
                return 0;
            }
            case NEW -> {
                return EPOLLOUT | EPOLLHUP;
            }
            case CONNECTED, CLOSED -> {}
        }
        boolean noReading = ended || readShut;
        int events = received.isEmpty() && !noReading ? 0 : EPOLLIN;
        if (noReading) events |= EPOLLRDHUP;
        if (noReading && writeShut || state == State.CLOSED) events |= EPOLLHUP;
        if (writeShut || isWritable()) events |= EPOLLOUT;
        else noSpace = true;
        if (received.hasUrgent()) events |= EPOLLPRI;
        if (error != 0) events |= EPOLLERR;
        return events;
    }
}
