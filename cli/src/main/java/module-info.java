/** The {@code arca} program: the monitor as a daemon, guests as netcat, and the demo. */
@SuppressWarnings("requires-automatic") // no library for TOML that tells positions has a module-info
module arca.cli {
    requires arca.monitor;
    requires info.picocli;
    requires org.slf4j;
    requires org.tomlj;
    requires jdk.unsupported; // sun.misc.Signal

    opens arca.cli to
            info.picocli;
}
