package arca.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A process as the kernel shows it in proc(5). */
public record Proc(long pid) {
    /** The system calls in which a thread of the monitor waits. */
    private static final String[] WAITS = {"epoll_wait", "poll"};

    private Path path(String name) {
        return Path.of("/proc", Long.toString(pid), name);
    }

    /**
     * Returns the targets of the process's open pipes, sockets, epoll instances, pidfds and files of proc(5), by descriptor.
     * Eventfds are left out, because the monitor keeps those of ended guests for the next guest.
     */
    public Map<Integer, String> descriptors() {
        Map<Integer, String> open = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path("fd"))) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    boolean counts = target.startsWith("pipe:")
                            || target.startsWith("socket:")
                            || target.startsWith("/proc/") // the watchdog keeps such files open
                            || target.equals("anon_inode:[eventpoll]")
                            || target.contains("pidfd");
                    if (counts) open.put(Integer.valueOf(entry.getFileName().toString()), target);
                } catch (NoSuchFileException e) {
                    continue; // closed since it was listed
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return open;
    }

    /** Lowers the process's limit on descriptors so that it can open {@code more}: getrlimit(2), RLIMIT_NOFILE. */
    public void leaveRoomFor(int more) throws IOException, InterruptedException {
        Set<Integer> open = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path("fd"))) {
            for (Path entry : entries)
                open.add(Integer.valueOf(entry.getFileName().toString()));
        }
        int limit = 0;
        for (int free = 0; free < more || open.contains(limit); limit++) if (!open.contains(limit)) free++;
        limitDescriptors(limit);
    }

    /** Raises the limit on descriptors as far as possible. */
    public void leaveAllRoom() throws IOException, InterruptedException {
        try (Stream<String> lines = Files.lines(path("limits"))) {
            String line = lines.filter(each -> each.startsWith("Max open files"))
                    .findFirst()
                    .orElseThrow();
            limitDescriptors(Integer.parseInt(line.split(" {2,}")[2]));
        }
    }

    private void limitDescriptors(int limit) throws IOException, InterruptedException {
        ChildJvm.Result result = ChildJvm.run(List.of("prlimit", "--pid", "" + pid, "--nofile=" + limit + ":"));
        if (result.status() != 0) throw new AssertionError(result.output());
    }

    /** Waits until the process has as many descriptors as it had {@code then}. */
    public void awaitDescriptors(Map<Integer, String> then) throws Exception {
        Patience.await(
                () -> "the descriptors it had: " + then + ", but it has " + descriptors(),
                () -> descriptors().size() == then.size());
    }

    /** Returns the threads whose names start with {@code name}. */
    public List<KernelThread> threads(String name) throws IOException {
        return KernelThread.named(pid, name);
    }

    /** Returns the only thread whose name starts with {@code name}. */
    public KernelThread thread(String name) throws IOException {
        List<KernelThread> threads = threads(name);
        if (threads.size() != 1) throw new AssertionError("expected one thread called " + name + ", found " + threads);
        return threads.getFirst();
    }

    /** Waits until the only thread with this name has gone to sleep {@code more} times. */
    public void awaitSleeps(String name, int more) throws Exception {
        KernelThread thread = thread(name);
        long enough = thread.sleeps() + more;
        Patience.await(more + " more sleeps of thread " + name, () -> thread.sleeps() >= enough);
    }

    /**
     * Waits until the only thread with this name, which repeats something, has slept ten times in a call with a timeout. A
     * thread that repeats without a pause never does.
     */
    public void awaitTriesWithPauses(String name) throws Exception {
        KernelThread thread = thread(name);
        for (int i = 0; i < 10; i++) {
            long before = thread.sleeps();
            Patience.await("a pause of " + name, () -> thread.timeout().orElse(0L) > 0 && thread.sleeps() > before);
        }
    }

    /**
     * Waits until each thread whose name starts with one of these names waits, and returns how often each has gone to sleep,
     * by thread id. The count of a thread that does nothing between two calls is the same.
     */
    public Map<Integer, Long> waits(String... names) throws Exception {
        Map<Integer, Long> waits = new TreeMap<>();
        for (String name : names) {
            for (KernelThread thread : threads(name)) {
                thread.awaitSleepIn(WAITS);
                waits.put(thread.tid(), thread.sleeps());
            }
        }
        return waits;
    }
}
