package arca.monitor.config;

import arca.bindings.ProcFile;
import arca.monitor.config.PipeAllowance.Proc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;

/**
 * How many threads the system lets this process have, as far as it tells: the user's limit (getrlimit(2), RLIMIT_NPROC) and
 * that of the cgroup (pids.max). Other processes of the user or the cgroup count, too.
 *
 * @param threads the lower of the two limits; {@link Long#MAX_VALUE} if there is none
 * @param bound which of the two it is
 */
public record ThreadAllowance(long threads, Bound bound) {
    private static final String CGROUPS = "/sys/fs/cgroup";

    /** What sets the number of threads. */
    public enum Bound {
        /** The limit of the user. The kernel does not apply it to root. */
        USER,
        /** The limit of a cgroup. */
        CGROUP
    }

    /**
     * Finds the allowance of this process. A limit that cannot be read counts as none.
     *
     * @return the allowance
     */
    public static ThreadAllowance of() {
        return of(ProcFile::read);
    }

    static ThreadAllowance of(Proc proc) {
        long user = isExempt(proc) ? Long.MAX_VALUE : ofUser(proc);
        long cgroup = ofCgroup(proc);
        return user <= cgroup ? new ThreadAllowance(user, Bound.USER) : new ThreadAllowance(cgroup, Bound.CGROUP);
    }

    private static boolean isExempt(Proc proc) {
        return PipeAllowance.isExempt(proc, new ArrayList<>());
    }

    private static long ofUser(Proc proc) {
        return read("/proc/self/limits", proc)
                .flatMap(text -> text.lines()
                        .filter(line -> line.startsWith("Max processes "))
                        .findFirst())
                .map(line -> number(line.split("\\s+")[2]))
                .orElse(Long.MAX_VALUE);
    }

    /** Finds the lowest limit of this process's cgroup and those above it. They are listed as ID:CONTROLLERS:PATH, cgroups(7). */
    private static long ofCgroup(Proc proc) {
        long lowest = Long.MAX_VALUE;
        for (String line : read("/proc/self/cgroup", proc).orElse("").lines().toList()) {
            String[] fields = line.split(":", 3);
            if (fields.length < 3) continue;
            if (fields[1].isEmpty()) lowest = Math.min(lowest, lowest(CGROUPS, fields[2], proc));
            if (fields[1].equals("pids")) lowest = Math.min(lowest, lowest(CGROUPS + "/pids", fields[2], proc));
        }
        return lowest;
    }

    private static long lowest(String root, String path, Proc proc) {
        long lowest = Long.MAX_VALUE;
        for (Path at = Path.of(root + path).normalize(); at.startsWith(root); at = at.getParent()) {
            Optional<String> most = read(at.resolve("pids.max").toString(), proc);
            lowest = Math.min(lowest, most.map(text -> number(text.strip())).orElse(Long.MAX_VALUE));
        }
        return lowest;
    }

    private static Optional<String> read(String path, Proc proc) {
        try {
            return Optional.of(proc.read(path));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns the number that a text is; {@link Long#MAX_VALUE} for "max" and "unlimited". */
    private static long number(String text) {
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : Long.MAX_VALUE;
    }
}
