package arca.bindings;

import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * A call in its own thread. The thread sleeps in the kernel when {@link #in} returns.
 *
 * @param tid the thread's id, as gettid(2) returns it
 * @param answer the call's result, when it has returned
 */
record Waiting(int tid, CompletableFuture<Long> answer) {
    /**
     * Starts a call and waits until the thread sleeps in it, and not in another call that the JVM makes before.
     *
     * @param name the call's name in its man page
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
        KernelThread.of(Patience.get("a thread", tid)).awaitSleepIn(name);
        return new Waiting(tid.get(), answer);
    }

    /** Waits for the call's result. */
    long get() throws Exception {
        return Patience.get("the answer of thread " + tid, answer);
    }
}
