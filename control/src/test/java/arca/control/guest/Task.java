package arca.control.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Syscalls;
import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Runs a call in a thread of its own. */
final class Task<T> {
    private static final int LOOKS = 1_000;

    private final CompletableFuture<Integer> tid = new CompletableFuture<>();
    private final FutureTask<T> call;
    private final Thread thread;

    private Task(Callable<T> code) {
        this.call = new FutureTask<>(() -> {
            tid.complete(Syscalls.gettid());
            return code.call();
        });
        this.thread = Thread.ofPlatform().daemon().start(call);
    }

    static <T> Task<T> of(Callable<T> code) {
        return new Task<>(code);
    }

    /** Returns what the call has returned, or throws its exception. Waits for it. */
    T get() throws Exception {
        try {
            return call.get(Patience.SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception thrown) throw thrown;
            throw e;
        }
    }

    <E extends Exception> E fails(Class<E> type) {
        return assertThrows(type, this::get);
    }

    void interrupt() {
        thread.interrupt();
    }

    /** Waits until the thread waits: in poll(2), or in the JVM for another thread. */
    Task<T> waits() throws Exception {
        KernelThread kernels = kernels();
        Patience.await("a thread that waits", () -> switch (thread.getState()) {
            case WAITING, TIMED_WAITING -> true;
            case TERMINATED -> throw new AssertionError("the call did not wait, and returned " + get());
            case NEW, RUNNABLE, BLOCKED -> kernels.sleepsIn("poll");
        });
        return this;
    }

    /** Fails if the call does anything but wait in the kernel. */
    void assertSleeps() throws Exception {
        assertSleeps(kernels());
    }

    /** Fails if a thread does not go to sleep in poll(2), or wakes up while this looks at it many times. */
    static void assertSleeps(KernelThread thread) throws Exception {
        thread.awaitSleepIn("poll");
        long sleeps = thread.sleeps();
        for (int look = 0; look < LOOKS; look++) assertTrue(thread.sleepsIn("poll"), () -> thread + " has woken up");
        assertEquals(sleeps, thread.sleeps(), "the thread has woken up");
    }

    private KernelThread kernels() throws Exception {
        return KernelThread.of(Patience.get("a thread", tid));
    }
}
