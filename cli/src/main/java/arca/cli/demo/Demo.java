package arca.cli.demo;

import arca.monitor.Monitor;
import arca.monitor.config.MonitorConfig;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.observe.MonitorObserver;
import arca.monitor.policy.Policy;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Runs the demonstration: a monitor and TCP peers in this process, and a guest in another one. It sends data in both
 * directions, checks every byte, half-closes, shows a denied connect, and measures the cost. Any thread may call
 * {@link #close}, which removes everything.
 */
public final class Demo implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final int SNAPSHOT_TRIES = 40; // a try waits a quarter of a second

    private final PrintStream out;
    private final boolean terminal;
    private final long size;
    private final MonitorObserver observer;
    private final Path folder;
    private final Path control;

    // Under this object's monitor.
    private Optional<Monitor> monitor = Optional.empty();
    private Optional<GuestProcess> guest = Optional.empty();
    private boolean closed;

    /**
     * Makes a demonstration and its folder. {@link #run} runs it.
     *
     * @param out receives what happens, as text
     * @param terminal whether {@code out} is a terminal
     * @param size how many bytes to send in each direction, at least 8
     * @param observer logs what the monitor denies
     */
    public Demo(PrintStream out, boolean terminal, long size, MonitorObserver observer) throws IOException {
        this.observer = observer;
        this.out = out;
        this.terminal = terminal;
        this.size = size / Long.BYTES * Long.BYTES;
        this.folder = Files.createTempDirectory("arca-demo-");
        this.control = folder.resolve("control.sock");
    }

    /** Runs the demonstration. An IOException says what went wrong. */
    public void run() throws IOException, InterruptedException {
        List<Measured> measured = new ArrayList<>();
        for (MonitorConfig.RelayMode relay : MonitorConfig.RelayMode.values()) run(relay, measured);
        out.println();
        Measured.table(measured).forEach(out::println);
        out.println();
        out.println(
                "moves: splice(2) calls, or reads and writes through a buffer. Spliced bytes never enter the monitor's");
        out.println("memory. Every byte was checked where it arrived.");
    }

    private void run(MonitorConfig.RelayMode relay, List<Measured> measured) throws IOException, InterruptedException {
        try (ServerSocketChannel peer = listening();
                ServerSocketChannel forbidden = listening()) {
            int port = freePort();
            Policy policy = Policy.NOTHING.allowListen(endpoint(port)).allowConnect(endpoint(port(peer)));
            GuestProcess guest = start(relay, policy);
            try {
                measured.add(toGuest(relay, guest, port));
                measured.add(fromGuest(relay, guest, peer));
                if (relay == MonitorConfig.RelayMode.SPLICE) denied(guest, forbidden);
            } finally {
                stop();
            }
        }
    }

    private GuestProcess start(MonitorConfig.RelayMode relay, Policy policy) throws IOException {
        synchronized (this) {
            if (closed) throw new EOFException("closed");
            MonitorConfig config = MonitorConfig.builder()
                    .control(control)
                    .relay(relay)
                    .policy(policy)
                    .observer(observer)
                    .build();
            monitor = Optional.of(Monitor.start(config));
            guest = Optional.of(GuestProcess.start(control));
            say(
                    "Started a monitor (--relay %s) and a guest (process %d). The guest uses no TCP sockets, only a Unix socket.",
                    relay.name().toLowerCase(Locale.ROOT), guest.get().pid());
            return guest.get();
        }
    }

    private Measured toGuest(MonitorConfig.RelayMode relay, GuestProcess guest, int port)
            throws IOException, InterruptedException {
        guest.send("listen " + endpoint(port));
        expect("listening", guest.result());
        say(
                "  1. The guest listens on %s. A peer connects, sends %s and half-closes.",
                endpoint(port), Units.bytes(size));
        GuestSnapshot before = snapshot();
        long start = System.nanoTime();
        guest.send("receive");
        try (SocketChannel socket = SocketChannel.open(new InetSocketAddress(LOOPBACK, port))) {
            Pattern.send(socket, size, new Progress(out, terminal, "peer to guest", size));
            socket.shutdownOutput();
            String answer = new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.US_ASCII);
            expect("received " + size, answer.strip());
        }
        expect("received " + size, guest.result());
        Measured measured = Measured.of(relay, "peer to guest", size, System.nanoTime() - start, before, snapshot());
        say("     The guest received every byte as it was sent, and replied in the other direction.");
        return measured;
    }

    private Measured fromGuest(MonitorConfig.RelayMode relay, GuestProcess guest, ServerSocketChannel peer)
            throws IOException, InterruptedException {
        String address = endpoint(port(peer));
        say("  2. The guest connects to a peer on %s, sends %s and half-closes.", address, Units.bytes(size));
        GuestSnapshot before = snapshot();
        long start = System.nanoTime();
        guest.send("send " + address + " " + size);
        try (SocketChannel socket = peer.accept()) {
            long count = Pattern.receive(socket, new Progress(out, terminal, "guest to peer", size));
            if (count != size) throw new EOFException("the peer received " + count + " of " + size + " bytes");
            socket.write(ByteBuffer.wrap("thanks\n".getBytes(StandardCharsets.US_ASCII)));
        }
        expect("thanks", guest.result());
        Measured measured = Measured.of(relay, "guest to peer", size, System.nanoTime() - start, before, snapshot());
        say("     The peer received every byte as it was sent, and replied in the other direction.");
        return measured;
    }

    private void denied(GuestProcess guest, ServerSocketChannel forbidden) throws IOException {
        String address = endpoint(port(forbidden));
        say("  3. The guest connects to %s. A peer listens there, but no rule allows it. The monitor logs:", address);
        guest.send("connect " + address);
        String answer = guest.result();
        if (!answer.contains("EACCES")) throw new IOException("expected EACCES, but the guest got: " + answer);
        forbidden.configureBlocking(false);
        if (forbidden.accept() != null) throw new IOException("a denied connection has reached its peer");
        say("     The guest got: %s. No packet was sent to the peer.", answer);
    }

    private void say(String format, Object... arguments) {
        out.println(String.format(format, arguments));
    }

    /** Returns a snapshot of the guest. Tries again if its loop does not answer in time, as on a busy machine. */
    private GuestSnapshot snapshot() throws IOException, InterruptedException {
        for (int i = 0; i < SNAPSHOT_TRIES; i++) {
            Optional<GuestSnapshot> asked = running().snapshot().stream().findFirst();
            if (asked.isEmpty()) throw new EOFException("the guest has ended");
            if (asked.get().counts().isPresent()) return asked.get();
        }
        throw new IOException("the guest's loop in the monitor does not answer");
    }

    private synchronized Monitor running() throws IOException {
        return monitor.orElseThrow(() -> new EOFException("closed"));
    }

    private static void expect(String expected, String answer) throws IOException {
        if (!answer.equals(expected))
            throw new IOException("the answer is \"" + answer + "\", not \"" + expected + "\"");
    }

    private static ServerSocketChannel listening() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress(LOOPBACK, 0));
    }

    /** Returns a port that is free now. Port 0 would not do: a guest cannot learn which port it got. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, LOOPBACK)) {
            return socket.getLocalPort();
        }
    }

    private static int port(ServerSocketChannel listener) throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    private static String endpoint(int port) {
        return "127.0.0.1:" + port;
    }

    private synchronized void stop() {
        guest.ifPresent(GuestProcess::close);
        guest = Optional.empty();
        monitor.ifPresent(Monitor::close);
        monitor = Optional.empty();
    }

    /** Tells whether {@link #close} was called. If so, an exception of {@link #run} only means that. */
    public synchronized boolean isClosed() {
        return closed;
    }

    /** Ends the guest and the monitor if they run, and removes the files. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) return;
        closed = true;
        stop();
        Files.deleteIfExists(folder.resolve("control.sock.lock"));
        Files.deleteIfExists(control);
        Files.deleteIfExists(folder);
    }
}
