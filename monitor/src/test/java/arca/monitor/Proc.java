package arca.monitor;

import arca.testkit.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What proc(5) tells of a process. */
record Proc(long pid) {
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final long TICK_NANOS = 10_000_000; // of /proc/pid/stat: USER_HZ is 100 on every Linux

    /** The system call's number, which is the architecture's. */
    private static final String FUTEX = System.getProperty("os.arch").equals("aarch64") ? "98 " : "202 ";

    private Path path(String name) {
        return Path.of("/proc", Long.toString(pid), name);
    }

    /**
     * Its open pipes, sockets and loops, number to target. Eventfds are not among them: those that wake guests' loops are
     * kept for the next guest.
     */
    Map<Integer, String> descriptors() {
        Map<Integer, String> open = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path("fd"))) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    boolean counts = target.startsWith("pipe:")
                            || target.startsWith("socket:")
                            || target.equals("anon_inode:[eventpoll]")
                            || target.contains("pidfd");
                    if (counts) open.put(Integer.valueOf(fileName(entry)), target);
                } catch (NoSuchFileException e) {
                    continue; // closed since it was listed
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return open;
    }

    /** Lowers its limit of descriptors so that so many more can be opened: getrlimit(2), RLIMIT_NOFILE. */
    void leaveRoomFor(int more) throws IOException, InterruptedException {
        Set<Integer> open = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path("fd"))) {
            for (Path entry : entries) open.add(Integer.valueOf(fileName(entry)));
        }
        int limit = 0;
        for (int free = 0; free < more || open.contains(limit); limit++) if (!open.contains(limit)) free++;
        limitDescriptors(limit);
    }

    void limitDescriptors(int limit) throws IOException, InterruptedException {
        ChildJvm.Result result = ChildJvm.run(List.of("prlimit", "--pid", "" + pid, "--nofile=" + limit + ":"));
        if (result.status() != 0) throw new AssertionError(result.output());
    }

    /** Fails unless it comes to have as many descriptors as at another time. */
    void awaitDescriptors(Map<Integer, String> then) {
        long start = System.nanoTime();
        for (Map<Integer, String> now = descriptors(); now.size() != then.size(); now = descriptors()) {
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new AssertionError("not the descriptors it had: " + then + ", but " + now);
            }
            Thread.yield();
        }
    }

    /** A number of /proc/pid/status, as it is there: memory in KiB. */
    long status(String field) throws IOException {
        return number(path("status"), field);
    }

    private static long number(Path status, String field) throws IOException {
        try (Stream<String> lines = Files.lines(status)) {
            String line =
                    lines.filter(l -> l.startsWith(field + ":")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
    }

    /** Processor time it has used, in nanoseconds. */
    long cpuNanos() throws IOException {
        String stat = Files.readString(path("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_NANOS;
    }

    /** Fails unless a monitor takes less than a tenth of a processor, while a thread of its wakes up twice. */
    void assertHardlyWorks(String thread) throws IOException {
        long looks = rounds(thread) + 2;
        long cpu = cpuNanos();
        long start = System.nanoTime();
        while (rounds(thread) < looks) Thread.yield();
        long used = cpuNanos() - cpu;
        long most = (System.nanoTime() - start) / 10 + 2 * TICK_NANOS;
        if (used > most) throw new AssertionError(used + " ns of processor time, where " + most + " are plenty");
    }

    /** The numbers of its threads whose names begin so. */
    List<Integer> threads(String name) throws IOException {
        List<Integer> tids = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(path("task"))) {
            for (Path task : tasks) if (comm(task).startsWith(name)) tids.add(Integer.valueOf(fileName(task)));
        }
        return tids;
    }

    private static String comm(Path task) throws IOException {
        try {
            return Files.readString(task.resolve("comm"));
        } catch (IOException e) {
            if (Files.exists(task)) throw e;
            return "the thread has ended since it was listed";
        }
    }

    private static String fileName(Path path) {
        return path.getFileName().toString();
    }

    /** How often its only thread of such a name has gone to wait. */
    long rounds(String thread) throws IOException {
        List<Integer> tids = threads(thread);
        if (tids.size() != 1) throw new AssertionError(tids.size() + " threads are called " + thread);
        return number(path("task").resolve(tids.getFirst() + "/status"), "voluntary_ctxt_switches");
    }

    /** The state of its only thread of such a name: proc(5), /proc/pid/stat. */
    char state(String thread) throws IOException {
        List<Integer> tids = threads(thread);
        if (tids.size() != 1) throw new AssertionError(tids.size() + " threads are called " + thread);
        String stat = Files.readString(path("task").resolve(tids.getFirst() + "/stat"));
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    /** How often threads whose names begin so have gone to wait for something, since they began; each does so now. */
    Map<Integer, Long> waits(String... names) throws IOException {
        Map<Integer, Long> waits = new TreeMap<>();
        for (String name : names) {
            for (int tid : threads(name)) {
                Path task = path("task").resolve(Integer.toString(tid));
                while (!sleeps(task)) Thread.yield();
                waits.put(tid, number(task.resolve("status"), "voluntary_ctxt_switches"));
            }
        }
        return waits;
    }

    /** Whether a thread is off its processor, and not for a lock of the JVM's: proc(5), /proc/pid/syscall. */
    private static boolean sleeps(Path task) throws IOException {
        String call = Files.readString(task.resolve("syscall"));
        return !call.startsWith("running") && !call.startsWith(FUTEX);
    }
}
