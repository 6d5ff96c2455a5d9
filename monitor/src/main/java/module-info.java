/** The monitor: owns the TCP sockets and relays bytes between them and the guests' pipes. */
module arca.monitor {
    requires transitive arca.control;
    requires arca.bindings;
    requires org.slf4j;

    exports arca.monitor;
    exports arca.monitor.config;
    exports arca.monitor.observe;
    exports arca.monitor.policy;
    exports arca.monitor.resolve;
}
