package arca.testkit;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A thread as the kernel shows it: proc(5), /proc/pid/task/tid. One that has ended is in no call and has no name.
 *
 * @param folder its folder there
 */
public record KernelThread(Path folder) {
    private static final int ARCHITECTURE = System.getProperty("os.arch").equals("aarch64") ? 1 : 0;

    /** What glibc makes of a call, which is not always the system call of its name: x86-64, aarch64. */
    private static final Map<String, int[]> NUMBERS = Map.ofEntries(
            Map.entry("accept4", new int[] {288, 242}),
            Map.entry("connect", new int[] {42, 203}),
            Map.entry("epoll_wait", new int[] {232, 22}),
            Map.entry("flock", new int[] {73, 32}),
            Map.entry("poll", new int[] {7, 73}),
            Map.entry("read", new int[] {0, 63}),
            Map.entry("recv", new int[] {45, 207}),
            Map.entry("recvmsg", new int[] {47, 212}),
            Map.entry("send", new int[] {44, 206}),
            Map.entry("sendmsg", new int[] {46, 211}),
            Map.entry("splice", new int[] {275, 76}),
            Map.entry("tee", new int[] {276, 77}),
            Map.entry("vmsplice", new int[] {278, 75}),
            Map.entry("write", new int[] {1, 64}));

    /** A call that a thread sleeps in: its number, and its arguments as the kernel has them. */
    private record Call(int number, List<Long> arguments) {}

    /** A thread of this process. */
    public static KernelThread of(int tid) {
        return new KernelThread(Path.of("/proc/self/task/" + tid));
    }

    /** Those of a process's threads whose names begin so. */
    public static List<KernelThread> named(long pid, String name) throws IOException {
        List<KernelThread> threads = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                KernelThread thread = new KernelThread(task);
                if (thread.name().startsWith(name)) threads.add(thread);
            }
        }
        return threads;
    }

    public int tid() {
        return Integer.parseInt(folder.getFileName().toString());
    }

    public String name() throws IOException {
        return read("comm").strip();
    }

    /** Its state, a letter: proc(5), /proc/pid/stat. */
    public char state() throws IOException {
        String stat = read("stat");
        return stat.isEmpty() ? 'X' : stat.charAt(stat.lastIndexOf(')') + 2);
    }

    /** How often it has gone to sleep of itself, since it began. */
    public long sleeps() throws IOException {
        try (Stream<String> lines = read("status").lines()) {
            return lines.filter(line -> line.startsWith("voluntary_ctxt_switches:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(-1L);
        }
    }

    /** Whether it sleeps in one of these calls. */
    public boolean sleepsIn(String... calls) throws IOException {
        Optional<Call> call = call();
        for (String name : calls) {
            if (call.isPresent() && call.get().number == NUMBERS.get(name)[ARCHITECTURE]) return true;
        }
        return false;
    }

    /**
     * The timeout of the poll(2) or epoll_wait(2) that it sleeps in, in milliseconds, -1 where it has none; empty where it
     * does not sleep in one. On aarch64 poll's is a structure in the thread's memory, and 1 stands for every such.
     */
    public Optional<Long> timeout() throws IOException {
        Optional<Call> call = call();
        if (call.isEmpty()) return Optional.empty();
        int number = call.get().number;
        List<Long> arguments = call.get().arguments;
        if (number == NUMBERS.get("epoll_wait")[ARCHITECTURE]) {
            return Optional.of((long) arguments.get(3).intValue());
        }
        if (number != NUMBERS.get("poll")[ARCHITECTURE]) return Optional.empty();
        long timeout = arguments.get(2);
        if (ARCHITECTURE == 0) return Optional.of((long) (int) timeout);
        return Optional.of(timeout == 0 ? -1L : 1L);
    }

    private Optional<Call> call() throws IOException {
        String[] words = read("syscall").strip().split(" ");
        if (words.length < 7) return Optional.empty(); // "running", or asleep outside of a call
        List<Long> arguments = new ArrayList<>();
        for (int i = 1; i <= 6; i++) arguments.add(HexFormat.fromHexDigitsToLong(words[i].substring(2)));
        return Optional.of(new Call(Integer.parseInt(words[0]), arguments));
    }

    /** Waits until it sleeps in one of these calls; fails where it ends before. */
    public void awaitSleepIn(String... calls) throws Exception {
        Patience.await(String.join(" or ", calls) + " of " + folder, () -> {
            if (!Files.exists(folder)) throw new AssertionError(folder + ": the thread has ended");
            return sleepsIn(calls);
        });
    }

    /** A file of the folder; empty where the thread has ended. */
    private String read(String file) throws IOException {
        try {
            return Files.readString(folder.resolve(file));
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            if (Files.exists(folder)) throw e;
            return ""; // ESRCH, from one that has ended since the file was opened
        }
    }
}
