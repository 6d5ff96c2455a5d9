package arca.testkit;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Waits of tests. Every wait has the same limit, far longer than the slowest machine needs. Only a failing test waits that
 * long, and its message says what it waited for. JUnit's own timeout, in junit-platform.properties, is longer.
 */
public final class Patience {
    public static final int SECONDS = 180;
    public static final int MILLIS = SECONDS * 1000;

    private static final long NANOS = TimeUnit.SECONDS.toNanos(SECONDS);
    private static final long BETWEEN_LOOKS_NANOS = 1_000_000;

    private Patience() {}

    /** A condition that no event reports, such as the state of a process or of a socket. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** Waits until a condition holds. Checks it a thousand times per second. */
    public static void await(String what, Condition condition) throws Exception {
        await(() -> what, condition);
    }

    /** As {@link #await(String, Condition)}, with a text that is only made if the wait fails. */
    public static void await(Supplier<String> what, Condition condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - start > NANOS) throw failure(what.get(), null);
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
            if (Thread.interrupted()) throw new InterruptedException("interrupted while waiting for " + what.get());
        }
    }

    /** Waits for a task's result, and returns it. Throws the task's own exception if the task failed. */
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

    /** Waits until a thread has ended. */
    public static void join(Thread thread) throws InterruptedException {
        thread.join(MILLIS);
        if (thread.isAlive()) throw failure("the end of " + thread, null);
    }

    /** Waits until a process has ended, and returns its exit status. */
    public static int exitOf(Process process) throws InterruptedException {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) throw failure("the end of " + process, null);
        return process.exitValue();
    }

    /**
     * Kills a process if it has not ended after {@link #SECONDS}. A test that reads its output then reaches the end of the
     * stream. Neither an interrupt nor a timeout would end that read.
     */
    public static void killLate(Process process) {
        killLate(process, 1);
    }

    /** As {@link #killLate(Process)}, for a process that lives through {@code waits} waits of its tests. */
    public static void killLate(Process process, int waits) {
        CompletableFuture.delayedExecutor((long) waits * SECONDS, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
    }

    private static AssertionError failure(String what, Throwable cause) {
        return new AssertionError("waited " + SECONDS + " seconds for " + what, cause);
    }
}
