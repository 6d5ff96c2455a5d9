package arca.monitor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system lets this process's pipes hold: pipe(7), "/proc/sys/fs/pipe-user-pages-soft". */
final class PipeAllowance {
    private static final long PAGE = 4096; // what the kernel counts in, on the systems we know
    private static final long CAP_SYS_ADMIN = 1L << 21;
    private static final long CAP_SYS_RESOURCE = 1L << 24;

    private PipeAllowance() {}

    /**
     * Bytes: what was configured, else the user's allowance, else, for a process that is exempt from it, half of the
     * machine's memory. Pipes take memory only while there is something in them.
     */
    static long bytes(long configured) throws IOException {
        if (configured > 0) return configured;
        long softPages = Long.parseLong(
                Files.readString(Path.of("/proc/sys/fs/pipe-user-pages-soft")).strip());
        boolean exempt = softPages == 0 || (capabilities() & (CAP_SYS_ADMIN | CAP_SYS_RESOURCE)) != 0;
        return exempt ? memory() / 2 : softPages * PAGE;
    }

    private static long capabilities() throws IOException {
        return Long.parseUnsignedLong(field(Path.of("/proc/self/status"), "CapEff:"), 16);
    }

    private static long memory() throws IOException {
        return Long.parseLong(field(Path.of("/proc/meminfo"), "MemTotal:").replace(" kB", "")) * 1024;
    }

    private static String field(Path file, String name) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(name)) return line.substring(name.length()).strip();
        }
        throw new IOException(file + " has no " + name);
    }
}
