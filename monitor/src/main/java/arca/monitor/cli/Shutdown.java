package arca.monitor.cli;

import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** The life of a daemon, which SIGTERM or SIGINT ends. */
final class Shutdown {
    private static final int FAULT = 70;

    private Shutdown() {}

    /**
     * Has the first SIGTERM or SIGINT run {@code stop} and end the process, with status 0, or 1 where {@code stop}
     * threw. Without a hook the status would be the signal's; and the halt does not wait for threads, one of which may
     * be held in the kernel by its guest.
     */
    static void onSignal(Runnable stop) {
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> {
                    int status = 1;
                    try {
                        stop.run();
                        status = 0;
                    } catch (RuntimeException e) {
                        LoggerFactory.getLogger(Shutdown.class).error("could not stop", e);
                    } finally {
                        Logging.end();
                        Runtime.getRuntime().halt(status);
                    }
                }));
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

    /** Waits for the signal; never returns. */
    static void await() throws InterruptedException {
        new CountDownLatch(1).await();
    }
}
