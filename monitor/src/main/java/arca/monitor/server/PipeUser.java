package arca.monitor.server;

import arca.bindings.Constants;
import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A process that has a pipe open, by proc(5).
 *
 * @param pid its process id
 * @param name the name that it gave itself; characters that do not print are escaped
 * @param uid its effective user id
 * @param isOneUsers whether its real, effective, saved and file system user ids are the same
 */
record PipeUser(int pid, String name, int uid, boolean isOneUsers) {
    private static final Path PROC = Path.of("/proc");
    private static final int ROOT = 0;
    private static final int INIT = 1;

    /**
     * Finds the other processes that have a pipe open, as far as this process may look. It needs room for a few descriptors at a
     * time.
     *
     * @param link the pipe, as {@code pipe:[4711]}
     * @throws IOException if /proc cannot be listed
     */
    static List<PipeUser> of(String link) throws IOException {
        int self = Syscalls.getpid();
        List<PipeUser> users = new ArrayList<>();
        for (int pid : processes()) {
            if (pid != self && hasOpen(pid, link)) PipeUser.of(pid).ifPresent(users::add);
        }
        return users;
    }

    private static List<Integer> processes() throws IOException {
        List<Integer> pids = new ArrayList<>();
        for (Path entry : entries(PROC)) {
            String name = entry.getFileName().toString();
            if (Character.isDigit(name.charAt(0))) pids.add(Integer.valueOf(name));
        }
        return pids;
    }

    /** Returns false also if this process may not look (EACCES). A thread may have a descriptor table of its own: unshare(2), CLONE_FILES. */
    private static boolean hasOpen(int pid, String link) {
        try {
            if (isIn(path(pid, "fd"), link)) return true;
            for (Path thread : entries(path(pid, "task"))) if (isIn(thread.resolve("fd"), link)) return true;
            return false;
        } catch (IOException e) {
            return false; // it has ended, or this process may not look at it
        }
    }

    private static boolean isIn(Path descriptors, String link) throws IOException {
        for (Path descriptor : entries(descriptors)) {
            try {
                if (Files.readSymbolicLink(descriptor).toString().equals(link)) return true;
            } catch (IOException e) {
                continue; // closed since it was listed
            }
        }
        return false;
    }

    private static List<Path> entries(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(entries::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return entries;
    }

    private static Optional<PipeUser> of(int pid) {
        try {
            String[] uids = field(pid, "Uid").split("\\s+");
            boolean one = Set.of(uids[0]).containsAll(List.of(uids));
            return Optional.of(new PipeUser(
                    pid, escaped(text(path(pid, "comm")).strip()), Integer.parseUnsignedInt(uids[1]), one));
        } catch (IOException e) {
            return Optional.empty(); // it has ended
        }
    }

    /**
     * Returns why the monitor must not kill this process; empty if it may. The monitor kills only processes of the user who
     * connected. It never kills a process of root, one that the monitor descends from, or init.
     *
     * @param guestUid the user who connected
     */
    public Optional<String> spared(int guestUid) {
        if (uid == ROOT) return Optional.of("it runs as root");
        if (uid != guestUid || !isOneUsers) return Optional.of("another user than the one who connected runs it");
        if (pid == INIT || isAncestor()) return Optional.of("the monitor descends from it");
        return Optional.empty();
    }

    /** Returns whether the monitor descends from it; true also if /proc does not say. */
    private boolean isAncestor() {
        try {
            for (int ancestor = Syscalls.getpid(); ancestor > 0; ancestor = Integer.parseInt(field(ancestor, "PPid"))) {
                if (ancestor == pid) return true;
            }
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Kills the process if it still has the pipe open. It opens a pidfd first and then looks again. So it cannot kill another
     * process that has got the same id meanwhile.
     *
     * @param link the pipe, as {@code pipe:[4711]}
     * @return 0; or {@code -errno}: ESRCH if the process is gone or has closed the pipe
     */
    int kill(String link) {
        int pidfd = Syscalls.pidfd_open(pid, 0);
        if (pidfd < 0) return pidfd;
        try (Fd process = new Fd(pidfd)) {
            Optional<PipeUser> now = PipeUser.of(pid);
            boolean isSame = now.isPresent() && now.get().uid == uid && now.get().isOneUsers == isOneUsers;
            return isSame && hasOpen(pid, link)
                    ? Syscalls.pidfd_send_signal(process.value(), Constants.SIGKILL)
                    : -Errno.ESRCH;
        }
    }

    private static Path path(int pid, String name) {
        return PROC.resolve(Integer.toString(pid)).resolve(name);
    }

    private static String text(Path path) throws IOException {
        return new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1);
    }

    /** Returns a field of /proc/pid/status. */
    private static String field(int pid, String name) throws IOException {
        return text(path(pid, "status"))
                .lines()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .map(line -> line.substring(name.length() + 1).strip())
                .orElseThrow(() -> new IOException(path(pid, "status") + " has no " + name));
    }

    /** Escapes a name that a process gave itself, so that it stays one word in one line of the log. */
    public static String escaped(String name) {
        StringBuilder escaped = new StringBuilder();
        for (char c : name.toCharArray()) {
            boolean prints = c >= ' ' && c <= '~' && c != '"' && c != '\\';
            escaped.append(prints ? String.valueOf(c) : String.format("\\x%02x", (int) c));
        }
        return escaped.toString();
    }

    @Override
    public String toString() {
        return "pid " + pid + " \"" + name + "\" (uid " + Integer.toUnsignedString(uid) + ")";
    }
}
