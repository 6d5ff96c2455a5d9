package arca.bindings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * A call in a thread of its own, which sleeps in the kernel by the time {@link #in} returns.
 *
 * @param tid the thread's number, as gettid(2)
 * @param answer what the call answers, once it has
 */
record Waiting(int tid, CompletableFuture<Long> answer) {
    private static final String FUTEX = Linkage.AARCH64 ? "98 " : "202 ";

    static Waiting in(LongSupplier call) throws Exception {
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
        while (!sleepsInACall(tid.get())) Thread.onSpinWait();
        return new Waiting(tid.get(), answer);
    }

    /** Whether the kernel shows the thread in a system call other than futex(2), which is the JVM's own waiting. */
    private static boolean sleepsInACall(int tid) throws Exception {
        String call = Files.readString(Path.of("/proc/self/task/" + tid + "/syscall"));
        return !call.startsWith("running") && !call.startsWith(FUTEX);
    }
}
