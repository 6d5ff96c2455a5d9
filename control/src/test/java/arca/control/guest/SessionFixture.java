package arca.control.guest;

import static arca.bindings.Constants.SOCK_STREAM;
import static arca.control.guest.ScriptedMonitor.PEER;

import arca.bindings.Sockets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A session over a pair of Unix sockets, with a scripted monitor at the other end. */
abstract class SessionFixture {
    ScriptedMonitor monitor;
    ArcaSession guest;

    @BeforeEach
    void openSession() throws Exception {
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
        monitor = new ScriptedMonitor(pair.first());
        guest = ArcaSession.of(pair.second());
    }

    @AfterEach
    void closeSession() {
        guest.close();
        monitor.close();
    }

    /** Starts a connect in a thread of its own. */
    Task<ArcaStream> connect() {
        return Task.of(() -> guest.connect(PEER));
    }
}
