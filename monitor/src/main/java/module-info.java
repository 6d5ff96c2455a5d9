/** The monitor: owns the TCP sockets and relays bytes between them and the guests' pipes. */
module arca.monitor {
    requires arca.control;
}
