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
 * A monitor in one's own process, and a guest beside it: sends a text to a TCP server, and prints what it answers. The
 * guest has no TCP of its own; its requests go through one kernel pipe, the replies come through another, and its data
 * pipes are handed over by their numbers.
 */
public final class EmbeddedMonitor {
    private EmbeddedMonitor() {}

    /**
     * Runs it.
     *
     * @param args an IPv4 address, a port, a text
     */
    public static void main(String[] args) throws Exception {
        InetSocketAddress server = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
        // Nothing is allowed unless a rule says so.
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
            loop.join(); // ends by itself: the session is closed, and its last connection over
        }
    }

    /** The guest's loop: it belongs to the thread that makes it, and the guest's own code to others. */
    private static void serve(Monitor monitor, CompletableFuture<ArcaSession> opened) {
        try (EmbeddedGuest guest = monitor.embed()) {
            opened.complete(guest.session());
            guest.run();
        } catch (IOException e) {
            opened.completeExceptionally(e);
        }
    }
}
