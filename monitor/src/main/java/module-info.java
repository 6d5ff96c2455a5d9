/** The monitor: owns the TCP sockets and relays bytes between them and the guests' pipes. */
module arca.monitor {
    requires transitive arca.control;
    requires arca.bindings;
    requires info.picocli;
    requires org.slf4j;
    requires jdk.unsupported; // sun.misc.Signal

    exports arca.monitor;
    exports arca.monitor.config;
    exports arca.monitor.policy;

    opens arca.monitor.cli to
            info.picocli;
}
