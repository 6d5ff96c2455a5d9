/** The {@code arca} program: the monitor as a daemon, guests as netcat, and the demo. */
module arca.cli {
    requires arca.monitor;
    requires info.picocli;
    requires org.slf4j;
    requires jdk.unsupported; // sun.misc.Signal

    opens arca.cli to
            info.picocli;
}
