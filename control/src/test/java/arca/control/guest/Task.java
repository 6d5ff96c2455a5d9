package arca.control.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A call in a thread of its own. */
final class Task<T> {
    private static final long PATIENCE_SECONDS = 30;
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

    /** What the call answered, or its exception. */
    T get() throws Exception {
        try {
            return call.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
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

    /** Returns when the thread waits: in poll(2), or in the JVM for another thread. */
    Task<T> waits() throws Exception {
        Path syscall = syscall();
        while (true) {
            switch (thread.getState()) {
                case WAITING, TIMED_WAITING -> {
                    return this;
                }
                case TERMINATED -> throw new AssertionError("it did not wait, but answered " + get());
                case NEW, RUNNABLE, BLOCKED -> {
                    if (isPoll(Files.readString(syscall))) return this;
                }
            }
            if (Thread.interrupted()) throw new AssertionError("it never waited"); // the test has taken too long
        }
    }

    /** Fails if a call that waits in the kernel does anything else. */
    void assertSleeps() throws Exception {
        waits();
        assertSleeps(syscall());
    }

    /** Fails if a thread is not in poll(2), and in one and the same call, at every look. */
    static void assertSleeps(Path syscall) throws IOException {
        String poll = Files.readString(syscall);
        assertTrue(isPoll(poll), poll);
        for (int look = 0; look < LOOKS; look++) assertEquals(poll, Files.readString(syscall));
    }

    private Path syscall() throws Exception {
        return Path.of("/proc/self/task/" + tid.get(PATIENCE_SECONDS, TimeUnit.SECONDS) + "/syscall");
    }

    /** Whether the kernel shows a thread in poll(2), which glibc makes of ppoll(2) on aarch64. */
    static boolean isPoll(String syscall) {
        return syscall.startsWith(System.getProperty("os.arch").equals("aarch64") ? "73 " : "7 ");
    }
}
