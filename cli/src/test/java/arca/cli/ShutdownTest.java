package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.ChildJvm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShutdownTest {
    /**
     * A daemon with a thread that never ends, as a guest can make one. Its stop takes until it is cut short, or fails. If
     * it is early, its first signal comes while it starts.
     */
    static final class Daemon {
        private Daemon() {}

        public static void main(String[] args) throws Exception {
            Thread.ofPlatform().daemon(false).start(() -> awaitQuietly(new CountDownLatch(1)));
            Shutdown shutdown = Shutdown.onSignal();
            List<String> how = List.of(args);
            if (how.contains("early")) {
                kill("TERM", ProcessHandle.current().pid());
                while (!shutdown.isUnderWay()) Thread.yield();
            }
            System.out.println(shutdown.isUnderWay() ? "asked to stop" : "ready");
            CountDownLatch end = new CountDownLatch(1);
            Runnable stop = () -> {
                System.out.println("stopping");
                if (how.contains("stuck")) throw new IllegalStateException("stuck");
                awaitQuietly(end);
            };
            Runnable cut = () -> {
                System.out.println("cut short");
                end.countDown();
            };
            System.exit(shutdown.awaitStop(stop, cut, Duration.ofMillis(1), () -> {}) ? 0 : 1);
        }

        private static void awaitQuietly(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static Child daemon(String... arguments) throws Exception {
        // A child inherits ignored signals, and a script's background jobs ignore SIGINT.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT", ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.add(Daemon.class.getName());
        command.addAll(List.of(arguments));
        return Child.start(command);
    }

    private static void kill(String signal, long pid) throws Exception {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + signal, Long.toString(pid)));
        assertEquals(0, kill.status(), kill.output());
    }

    @ParameterizedTest
    @CsvSource({"TERM, TERM", "TERM, INT", "INT, INT"})
    void signalStopsAndAnotherCutsThatShort(String first, String second) throws Exception {
        try (Child process = daemon()) {
            assertEquals("ready", process.readLine());
            process.signal(first);
            assertEquals("stopping", process.readLine());
            process.signal(second);
            assertEquals("cut short", process.readLine());
            assertEquals(List.of(), process.readOutput());
            assertEquals(0, process.exitStatus());
        }
    }

    @Test
    void signalThatComesBeforeTheDaemonIsReadyStopsIt() throws Exception {
        try (Child process = daemon("early")) {
            assertEquals("asked to stop", process.readLine());
            assertEquals("stopping", process.readLine());
            process.signal("TERM");
            assertEquals("cut short", process.readLine());
            assertEquals(0, process.exitStatus());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void stopThatFailsIsLoggedAndTheStatusIsOne(String signal) throws Exception {
        try (Child process = daemon("stuck")) {
            assertEquals("ready", process.readLine());
            process.signal(signal);
            assertEquals("stopping", process.readLine());
            List<String> lines = process.readErrors();
            assertTrue(lines.getFirst().contains("ERROR"), lines.toString());
            assertTrue(lines.contains("java.lang.IllegalStateException: stuck"), lines.toString());
            assertEquals(1, process.exitStatus());
        }
    }

    /** A daemon with a thread that ends by a fault. */
    static final class Faulty {
        private Faulty() {}

        public static void main(String[] args) throws InterruptedException {
            Shutdown.onFault();
            Thread.ofPlatform().name("acceptor").start(() -> {
                throw new IllegalStateException("broken");
            });
            Shutdown.await();
        }
    }

    @Test
    void faultOfAThreadEndsTheProcessAndIsLogged() throws Exception {
        List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.add(Faulty.class.getName());
        ChildJvm.Result result = ChildJvm.run(command);
        assertEquals(70, result.status(), result.output());
        List<String> lines = result.output().lines().toList();
        assertTrue(lines.getFirst().contains("ERROR"), result.output());
        assertTrue(
                lines.getFirst().endsWith("the process ends: uncaught exception in thread acceptor"), result.output());
        assertEquals("java.lang.IllegalStateException: broken", lines.get(1));
    }
}
