package arca.monitor;

import arca.control.Request.ConnectRequest;
import arca.monitor.config.MonitorConfig;
import arca.testnet.GuestSide;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.util.function.UnaryOperator;

/** A monitor, a guest, and a connection from the guest to a peer. */
record Joined(RunningMonitor monitor, RawGuest guest, GuestSide side, Peer peer) implements AutoCloseable {
    static Joined by(Variant variant) throws IOException {
        return by(variant, config -> config);
    }

    static Joined by(Variant variant, UnaryOperator<MonitorConfig> change) throws IOException {
        RunningMonitor monitor = RunningMonitor.start(variant, change);
        RawGuest guest = monitor.guest();
        try (Peer.Listener listener = Peer.Listener.open()) {
            int id = guest.ask(new ConnectRequest(listener.endpoint()));
            Peer peer = listener.accept();
            return new Joined(monitor, guest, guest.connectionFor(id), peer);
        }
    }

    @Override
    public void close() throws IOException {
        side.close();
        guest.close();
        peer.close();
        monitor.close();
    }
}
