package arca.cli;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.LoggerFactory;

/** How a daemon ends: by SIGTERM or SIGINT, at once by a second one, or by a fault of its own. */
final class Shutdown {
    private static final int FAULT = 70;

    private final CompletableFuture<Void> first = new CompletableFuture<>();
    private final CompletableFuture<Void> second = new CompletableFuture<>();

    private Shutdown() {}

    /** Has SIGTERM and SIGINT from now on do what {@link #awaitStop} says, and nothing until that is called. */
    static Shutdown onSignal() {
        Shutdown shutdown = new Shutdown();
        Signals.handle("TERM", shutdown::signalled);
        Signals.handle("INT", shutdown::signalled);
        return shutdown;
    }

    /** Not synchronized: the first signal's thread is in here for as long as the daemon takes to stop. */
    private void signalled() {
        if (!first.complete(null)) second.complete(null);
    }

    /** Whether a signal has come. */
    boolean isUnderWay() {
        return first.isDone();
    }

    /**
     * Waits for a signal and for what it does. Signals that came earlier count.
     *
     * @param stop run at the first signal, in that signal's thread
     * @param cut run at the second: it has {@code stop} return soon
     * @param pause between two runs of {@code meanwhile}
     * @param meanwhile run by the calling thread, until {@code stop} has returned
     * @return true, or false if {@code stop} threw, which is logged
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
                LoggerFactory.getLogger(Shutdown.class).error("could not stop", e.getCause());
                return false;
            }
        }
    }

    /**
     * Has an exception that a thread does not catch end the process, with status 70, EX_SOFTWARE of sysexits.h: a monitor
     * without its acceptor looks as if it ran. The kernel closes what is open.
     */
    static void onFault() {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            LoggerFactory.getLogger(Shutdown.class).error("the process ends: a fault in {}", thread.getName(), e);
            Logging.end();
            Runtime.getRuntime().halt(FAULT);
        });
    }

    /** Waits for the end of the process; never returns. */
    static void await() throws InterruptedException {
        new CountDownLatch(1).await();
    }
}
