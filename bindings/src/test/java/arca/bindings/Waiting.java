package arca.bindings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * A call in a thread of its own, which sleeps in the kernel by the time {@link #in} returns.
 *
 * @param tid the thread's number, as gettid(2)
 * @param answer what the call answers, once it has
 */
record Waiting(int tid, CompletableFuture<Long> answer) {
    /** What the C library makes of a call, which is not always the system call of its name: x86-64, aarch64. */
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

    /**
     * Starts a call and waits until it sleeps: in that call, and not in another that the JVM makes on the way to it.
     *
     * @param name the call, as the man page has it
     */
    static Waiting in(String name, LongSupplier call) throws Exception {
        CompletableFuture<Integer> tid = new CompletableFuture<>();
        CompletableFuture<Long> answer = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            tid.complete(Syscalls.gettid());
            try {
                answer.complete(call.getAsLong());
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            }
        });
        while (!sleepsIn(name, Path.of("/proc/self/task/" + tid.get()))) Thread.onSpinWait();
        return new Waiting(tid.get(), answer);
    }

    /** Whether the kernel shows a thread, a folder of /proc, asleep in a call. */
    static boolean sleepsIn(String name, Path thread) throws Exception {
        String number = NUMBERS.get(name)[Linkage.AARCH64 ? 1 : 0] + " ";
        return Files.readString(thread.resolve("syscall")).startsWith(number); // "running" where it does not sleep
    }
}
