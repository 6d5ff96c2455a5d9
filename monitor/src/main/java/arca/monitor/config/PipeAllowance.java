package arca.monitor.config;

import arca.bindings.ProcFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the pipes of this process may hold. An ordinary user's pipes share an allowance: pipe(7),
 * "/proc/sys/fs/pipe-user-pages-soft". A fact that the system does not tell, as where /proc is mounted with subset=pid, is
 * replaced by a careful value.
 *
 * @param bytes of all pipes together
 * @param bound what sets that number
 * @param unknown a sentence for each fact that the system did not tell, with what the monitor assumes instead
 */
public record PipeAllowance(long bytes, Bound bound, List<String> unknown) {
    private static final long PAGE = 4096; // what the kernel counts in, on the systems we know
    /** Bytes of a pipe that nobody has resized: pipe(7), "Pipe capacity". */
    public static final int DEFAULT_PIPE = 64 * 1024;

    private static final long USUAL_PAGES = 16384; // the soft limit's default: pipe(7)
    private static final long CAP_SYS_ADMIN = 1L << 21;
    private static final long CAP_SYS_RESOURCE = 1L << 24;

    /** What sets the number of bytes. */
    public enum Bound {
        /** The monitor's configuration. */
        CONFIGURED,
        /** The kernel's limit for an ordinary user. */
        USER,
        /** Half of the machine's memory, for a process that is exempt from that limit. */
        MEMORY
    }

    /** A file under /proc, as text. */
    @FunctionalInterface
    interface Proc {
        String read(String path) throws IOException;
    }

    /**
     * Finds the allowance of this process: what was configured, as far as the kernel grants it; else the user's allowance;
     * else, for a process that is exempt from it, half of the machine's memory. Pipes take memory only while there is
     * something in them.
     *
     * @param configured bytes, or 0
     * @return the allowance
     */
    public static PipeAllowance of(long configured) {
        return of(configured, ProcFile::read);
    }

    static PipeAllowance of(long configured, Proc proc) {
        List<String> unknown = new ArrayList<>();
        long pages = USUAL_PAGES;
        try {
            pages = number("/proc/sys/fs/pipe-user-pages-soft", proc);
        } catch (IOException e) {
            unknown.add(e.getMessage() + "; the monitor assumes the kernel's default for the pipes of a user, "
                    + USUAL_PAGES * PAGE + " bytes");
        }
        long user = pages == 0 || isExempt(proc, unknown) ? Long.MAX_VALUE : pages * PAGE;
        if (configured > 0 && configured <= user) return new PipeAllowance(configured, Bound.CONFIGURED, unknown);
        if (user < Long.MAX_VALUE) return new PipeAllowance(user, Bound.USER, unknown);
        return new PipeAllowance(memory(proc, unknown) / 2, Bound.MEMORY, unknown);
    }

    /** Capabilities count in the initial user namespace alone: capabilities(7), user_namespaces(7). */
    static boolean isExempt(Proc proc, List<String> unknown) {
        try {
            long capabilities = Long.parseUnsignedLong(field("/proc/self/status", "CapEff:", proc), 16);
            if ((capabilities & (CAP_SYS_ADMIN | CAP_SYS_RESOURCE)) == 0) return false;
            return proc.read("/proc/self/uid_map").strip().matches("0\\s+0\\s+4294967295");
        } catch (IOException | NumberFormatException e) {
            unknown.add(e.getMessage() + "; the monitor assumes that it has no capabilities");
            return false;
        }
    }

    private static long memory(Proc proc, List<String> unknown) {
        try {
            return Long.parseLong(field("/proc/meminfo", "MemTotal:", proc).replace(" kB", "")) * 1024;
        } catch (IOException | NumberFormatException e) {
            unknown.add(e.getMessage() + "; the monitor assumes that pipes may hold " + USUAL_PAGES * PAGE + " bytes");
            return 2 * USUAL_PAGES * PAGE;
        }
    }

    private static long number(String path, Proc proc) throws IOException {
        String text = proc.read(path).strip();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IOException(path + " holds \"" + text + "\", which is no number", e);
        }
    }

    private static String field(String path, String name, Proc proc) throws IOException {
        return proc.read(path)
                .lines()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .map(line -> line.substring(name.length()).strip())
                .orElseThrow(() -> new IOException(path + " has no " + name));
    }
}
