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

/** What proc(5) tells of a process. */
public record Proc(long pid) {
    /** The calls that a thread of the monitor's waits in. */
    private static final String[] WAITS = {"epoll_wait", "poll"};

    private Path path(String name) {
        return Path.of("/proc", Long.toString(pid), name);
    }

    /**
     * Its open pipes, sockets, loops and files of proc(5), number to target. Eventfds are not among them: those that wake guests' loops are
     * kept for the next guest.
     */
    public Map<Integer, String> descriptors() {
        Map<Integer, String> open = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path("fd"))) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    boolean counts = target.startsWith("pipe:")
                            || target.startsWith("socket:")
                            || target.startsWith("/proc/") // what the watchdog looks at
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

    /** Lowers its limit of descriptors so that so many more can be opened: getrlimit(2), RLIMIT_NOFILE. */
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

    /** Raises it as far as it may. */
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

    /** Waits until it has as many descriptors as at another time. */
    public void awaitDescriptors(Map<Integer, String> then) throws Exception {
        Patience.await(
                () -> "the descriptors it had: " + then + ", but it has " + descriptors(),
                () -> descriptors().size() == then.size());
    }

    /** Its threads whose names begin so. */
    public List<KernelThread> threads(String name) throws IOException {
        return KernelThread.named(pid, name);
    }

    /** Its only thread of such a name. */
    public KernelThread thread(String name) throws IOException {
        List<KernelThread> threads = threads(name);
        if (threads.size() != 1) throw new AssertionError("called " + name + ": " + threads);
        return threads.getFirst();
    }

    /** Waits until its only thread of such a name has gone to sleep so many times more. */
    public void awaitSleeps(String name, int more) throws Exception {
        KernelThread thread = thread(name);
        long enough = thread.sleeps() + more;
        Patience.await(more + " sleeps more of " + name, () -> thread.sleeps() >= enough);
    }

    /**
     * Waits until its only thread of such a name, which has something to try again, has slept several times, each time until
     * its next try: one that tried without a pause would never sleep in a call with a timeout.
     */
    public void awaitTriesWithPauses(String name) throws Exception {
        KernelThread thread = thread(name);
        for (int i = 0; i < 10; i++) {
            long before = thread.sleeps();
            Patience.await("a pause of " + name, () -> thread.timeout().orElse(0L) > 0 && thread.sleeps() > before);
        }
    }

    /**
     * How often threads whose names begin so have gone to wait for something, since they began; waits until each does. A
     * thread that does nothing between two such looks has the same count.
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
