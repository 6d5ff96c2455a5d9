package arca.bindings;

import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * A call in a thread of its own, which sleeps in the kernel by the time {@link #in} returns.
 *
 * @param tid the thread's number, as gettid(2)
 * @param answer what the call answers, once it has
 */
record Waiting(int tid, CompletableFuture<Long> answer) {
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
        KernelThread.of(Patience.get("a thread", tid)).awaitSleepIn(name);
        return new Waiting(tid.get(), answer);
    }

    /** What it has answered, or will. */
    long get() throws Exception {
        return Patience.get("the answer of thread " + tid, answer);
    }
}
