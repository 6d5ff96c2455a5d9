package arca.monitor.example;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.monitor.EmbeddedGuest;
import arca.monitor.Monitor;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/**
 * Shows a monitor and a guest in one process. The guest sends a text to a TCP server, and prints the answer. The guest has
 * no TCP of its own: its requests go through one kernel pipe, and the replies come through another. It takes its data pipes
 * by their numbers.
 */
public final class EmbeddedMonitor {
    private EmbeddedMonitor() {}

    /**
     * Runs the example.
     *
     * @param args an IPv4 address, a port, a text
     */
    public static void main(String[] args) throws Exception {
        InetSocketAddress server = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
        // A guest may do only what a rule allows.
        Policy policy = Policy.NOTHING.allowConnect(args[0] + ":" + args[1]);
        try (Monitor monitor =
                Monitor.start(MonitorConfig.builder().policy(policy).build())) {
            CompletableFuture<ArcaSession> opened = new CompletableFuture<>();
            Thread loop = Thread.ofPlatform().name("guest loop").start(() -> serve(monitor, opened));
            try (ArcaSession session = opened.get();
                    ArcaStream stream = session.connect(server)) {
                stream.outputStream().write(args[2].getBytes(StandardCharsets.UTF_8));
                stream.shutdownOutput();
                stream.inputStream().transferTo(System.out);
                System.out.flush();
            }
            loop.join(); // the loop ends, because the session is closed and the last connection has ended
        }
    }

    /** Runs the guest's loop. It belongs to the thread that creates it; the guest's own code runs in other threads. */
    private static void serve(Monitor monitor, CompletableFuture<ArcaSession> opened) {
        try (EmbeddedGuest guest = monitor.embed()) {
            opened.complete(guest.session());
            guest.run();
        } catch (IOException e) {
            opened.completeExceptionally(e);
        }
    }
}
