package arca.testkit;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * How long a test waits for what must come: the same for every wait, and far longer than the slowest machine needs. Only a
 * test that fails waits so long, and it then says what it waited for. JUnit's own timeout, in junit-platform.properties, is
 * longer.
 */
public final class Patience {
    public static final int SECONDS = 180;
    public static final int MILLIS = SECONDS * 1000;

    private static final long NANOS = TimeUnit.SECONDS.toNanos(SECONDS);
    private static final long BETWEEN_LOOKS_NANOS = 1_000_000;

    private Patience() {}

    /** What a test waits for, where no event tells of it: the state of a process or of a socket, say. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** Waits until a condition holds, and looks a thousand times a second. */
    public static void await(String what, Condition condition) throws Exception {
        await(() -> what, condition);
    }

    /** The same, with a text that is made when the condition has not come to hold. */
    public static void await(Supplier<String> what, Condition condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - start > NANOS) throw failure(what.get(), null);
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
            if (Thread.interrupted()) throw new InterruptedException("while it waited for " + what.get());
        }
    }

    /** Waits for a result; an exception of the task is thrown as it is. */
    public static <T> T get(String what, Future<T> future) throws Exception {
        try {
            return future.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw failure(what, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception thrown) throw thrown;
            if (e.getCause() instanceof Error thrown) throw thrown;
            throw e;
        }
    }

    /** Waits for a thread's end. */
    public static void join(Thread thread) throws InterruptedException {
        thread.join(MILLIS);
        if (thread.isAlive()) throw failure("the end of " + thread, null);
    }

    /** Waits for a process's end: its exit status. */
    public static int exitOf(Process process) throws InterruptedException {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) throw failure("the end of " + process, null);
        return process.exitValue();
    }

    /**
     * Kills a process that has not ended when the patience is over. A test that reads its output then sees the end: neither
     * an interrupt nor a timeout would end that read.
     */
    public static void killLate(Process process) {
        killLate(process, 1);
    }

    /** The same for a process that outlives so many waits of its test, or of its tests. */
    public static void killLate(Process process, int waits) {
        CompletableFuture.delayedExecutor((long) waits * SECONDS, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
    }

    private static AssertionError failure(String what, Throwable cause) {
        return new AssertionError("waited " + SECONDS + " seconds for " + what, cause);
    }
}
