package arca.monitor.config;

import java.nio.file.Path;

/**
 * A Unix socket to which guests connect.
 *
 * @param path where the monitor creates it
 * @param access who may connect
 */
public record ControlPoint(Path path, ControlAccess access) {
    /** Refuses an empty path, with an IllegalArgumentException. */
    public ControlPoint {
        if (path.toString().isEmpty()) {
            throw new IllegalArgumentException("a control socket has a path that is not empty");
        }
    }
}
