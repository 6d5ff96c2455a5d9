package arca.monitor;

import arca.control.guest.ArcaSession;
import arca.monitor.config.MonitorConfig;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** A monitor with a control socket in a directory of its own. */
final class RunningMonitor implements AutoCloseable {
    private final Path directory;
    private final Path control;
    private final Monitor monitor;

    private RunningMonitor(Path directory, MonitorConfig config) throws IOException {
        this.directory = directory;
        this.control = directory.resolve("control");
        this.monitor = Monitor.start(config.toBuilder().control(control).build());
    }

    static RunningMonitor start(MonitorConfig config) throws IOException {
        return new RunningMonitor(Files.createTempDirectory("arca"), config);
    }

    static RunningMonitor start(Variant variant) throws IOException {
        return start(variant.config());
    }

    static RunningMonitor start(Variant variant, UnaryOperator<MonitorConfig> change) throws IOException {
        return start(change.apply(variant.config()));
    }

    RawGuest guest() throws IOException {
        return new RawGuest(control);
    }

    /** Returns a session of the guest's library. */
    ArcaSession session() throws IOException {
        return ArcaSession.connect(control);
    }

    EmbeddedGuest embed() throws IOException {
        return monitor.embed();
    }

    /** Stops the monitor, and waits for its drain time. */
    void stop() {
        monitor.stop();
    }

    /** Stops the monitor without any drain time. */
    void cut() {
        monitor.close();
    }

    boolean hasControlSocket() {
        return Files.exists(control);
    }

    @Override
    public void close() throws IOException {
        monitor.close();
        Files.deleteIfExists(control.resolveSibling("control.lock"));
        Files.delete(directory);
    }
}
