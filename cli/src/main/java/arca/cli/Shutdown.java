package arca.cli;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.LoggerFactory;

/** Ends a daemon: in order after SIGTERM or SIGINT, at once after a second signal, or after an uncaught exception. */
final class Shutdown {
    private static final int FAULT = 70;

    private final CompletableFuture<Void> first = new CompletableFuture<>();
    private final CompletableFuture<Void> second = new CompletableFuture<>();

    private Shutdown() {}

    /** Catches SIGTERM and SIGINT from now on. A signal takes effect once {@link #awaitStop} is called. */
    static Shutdown onSignal() {
        Shutdown shutdown = new Shutdown();
        Signals.handle("TERM", shutdown::signalled);
        Signals.handle("INT", shutdown::signalled);
        return shutdown;
    }

    /** Handles a signal. Not synchronized: the thread of the first signal stays in here until the daemon has stopped. */
    private void signalled() {
        if (!first.complete(null)) second.complete(null);
    }

    /** Tells whether a signal has arrived. */
    boolean isUnderWay() {
        return first.isDone();
    }

    /**
     * Waits for a signal, and until {@code stop} has returned. A signal that arrived earlier counts.
     *
     * @param stop runs at the first signal, in the thread of that signal
     * @param cut runs at the second signal, and makes {@code stop} return soon
     * @param pause the time between two runs of {@code meanwhile}
     * @param meanwhile runs in the calling thread, again and again until {@code stop} has returned
     * @return false if {@code stop} threw an exception, which is logged
     */
    boolean awaitStop(Runnable stop, Runnable cut, Duration pause, Runnable meanwhile) throws InterruptedException {
        second.thenRun(cut);
        Future<Void> stopped = first.thenRun(stop);
        for (; ; meanwhile.run()) {
            try {
                stopped.get(pause.toNanos(), TimeUnit.NANOSECONDS);
                return true;
            } catch (TimeoutException e) {
                continue;
            } catch (ExecutionException e) {
                LoggerFactory.getLogger(Shutdown.class).error("cannot stop the monitor", e.getCause());
                return false;
            }
        }
    }

    /**
     * Makes an uncaught exception in any thread end the process with status 70, EX_SOFTWARE of sysexits.h. Otherwise a monitor
     * that has lost its acceptor would look alive. The kernel closes all descriptors.
     */
    static void onFault() {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            LoggerFactory.getLogger(Shutdown.class)
                    .error("the process ends: uncaught exception in thread {}", thread.getName(), e);
            Logging.end();
            Runtime.getRuntime().halt(FAULT);
        });
    }

    /** Waits until the process ends. Never returns. */
    static void await() throws InterruptedException {
        new CountDownLatch(1).await();
    }
}
