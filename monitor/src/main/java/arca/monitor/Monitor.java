package arca.monitor;

import java.io.IOException;

/** The monitor. */
public final class Monitor implements AutoCloseable {
    private Monitor() {}

    /** Starts a monitor, whose control socket can be connected to when this returns. */
    public static Monitor start(MonitorConfig config) throws IOException {
        throw new IOException("not yet: " + config);
    }

    /** Stops it as PROTOCOL.md says; returns when all guests have ended or the drain time is over. Any thread. */
    public void stop() {}

    /** As {@link #stop}, without waiting for live connections. */
    @Override
    public void close() {}
}
