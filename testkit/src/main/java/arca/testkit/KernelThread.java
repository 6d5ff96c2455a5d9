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
 * A thread as the kernel shows it in /proc/pid/task/tid (proc(5)). A thread that has ended is in no call and has no name.
 *
 * @param folder the thread's folder in /proc
 */
public record KernelThread(Path folder) {
    private static final int ARCHITECTURE = System.getProperty("os.arch").equals("aarch64") ? 1 : 0;

    /** The system call that glibc makes for a function; not always the one of the same name. On x86-64, on aarch64. */
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

    /** The system call in which a thread sleeps: its number and its arguments. */
    private record Call(int number, List<Long> arguments) {}

    /** Returns a thread of this process. */
    public static KernelThread of(int tid) {
        return new KernelThread(Path.of("/proc/self/task/" + tid));
    }

    /** Returns the threads of a process whose names start with {@code name}. */
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

    /** Returns the thread's state as a letter: proc(5), /proc/pid/stat. X for a thread that has ended. */
    public char state() throws IOException {
        String stat = read("stat");
        return stat.isEmpty() ? 'X' : stat.charAt(stat.lastIndexOf(')') + 2);
    }

    /** Returns how often the thread has waited in the kernel since it started; -1 for a thread that has ended. */
    public long sleeps() throws IOException {
        try (Stream<String> lines = read("status").lines()) {
            return lines.filter(line -> line.startsWith("voluntary_ctxt_switches:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(-1L);
        }
    }

    /** Tells whether the thread sleeps in one of these calls. */
    public boolean sleepsIn(String... calls) throws IOException {
        Optional<Call> call = call();
        for (String name : calls) {
            if (call.isPresent() && call.get().number == NUMBERS.get(name)[ARCHITECTURE]) return true;
        }
        return false;
    }

    /**
     * Returns the timeout, in milliseconds, of the poll(2) or epoll_wait(2) in which the thread sleeps. It is -1 if the
     * call has no timeout, and empty if the thread does not sleep in such a call. On aarch64, the timeout of poll(2) is in the
     * thread's memory and cannot be read: the result is then 1.
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
        if (words.length < 7) return Optional.empty(); // "running", or asleep outside a system call
        List<Long> arguments = new ArrayList<>();
        for (int i = 1; i <= 6; i++) arguments.add(HexFormat.fromHexDigitsToLong(words[i].substring(2)));
        return Optional.of(new Call(Integer.parseInt(words[0]), arguments));
    }

    /** Waits until the thread sleeps in one of these calls. Fails if the thread ends first. */
    public void awaitSleepIn(String... calls) throws Exception {
        Patience.await(folder + " to sleep in " + String.join(" or ", calls), () -> {
            if (!Files.exists(folder)) throw new AssertionError(folder + ": the thread has ended");
            return sleepsIn(calls);
        });
    }

    /** Returns the text of a file in the folder; an empty text if the thread has ended. */
    private String read(String file) throws IOException {
        try {
            return Files.readString(folder.resolve(file));
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            if (Files.exists(folder)) throw e;
            return ""; // ESRCH: the thread ended after the file was opened
        }
    }
}
