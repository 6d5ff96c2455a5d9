package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import arca.testkit.Patience;
import java.io.BufferedReader;
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

    private static Process daemon(String... arguments) throws Exception {
        // A child inherits ignored signals, and a script's background jobs ignore SIGINT.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT", ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.add(Daemon.class.getName());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Patience.killLate(process);
        return process;
    }

    private static void kill(String signal, Process process) throws Exception {
        kill(signal, process.pid());
    }

    private static void kill(String signal, long pid) throws Exception {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + signal, Long.toString(pid)));
        assertEquals(0, kill.status(), kill.output());
    }

    @ParameterizedTest
    @CsvSource({"TERM, TERM", "TERM, INT", "INT, INT"})
    void signalStopsAndAnotherCutsThatShort(String first, String second) throws Exception {
        Process process = daemon();
        try (BufferedReader output = process.inputReader()) {
            assertEquals("ready", output.readLine());
            kill(first, process);
            assertEquals("stopping", output.readLine());
            kill(second, process);
            assertEquals("cut short", output.readLine());
            assertNull(output.readLine());
            assertEquals(0, Patience.exitOf(process));
        } finally {
            end(process);
        }
    }

    @Test
    void signalThatComesBeforeTheDaemonIsReadyStopsIt() throws Exception {
        Process process = daemon("early");
        try (BufferedReader output = process.inputReader()) {
            assertEquals("asked to stop", output.readLine());
            assertEquals("stopping", output.readLine());
            kill("TERM", process);
            assertEquals("cut short", output.readLine());
            assertEquals(0, Patience.exitOf(process));
        } finally {
            end(process);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void stopThatFailsIsLoggedAndTheStatusIsOne(String signal) throws Exception {
        Process process = daemon("stuck");
        try (BufferedReader output = process.inputReader()) {
            assertEquals("ready", output.readLine());
            kill(signal, process);
            assertEquals("stopping", output.readLine());
            List<String> lines = output.readAllLines();
            assertTrue(lines.getFirst().contains("ERROR"), lines.toString());
            assertTrue(lines.contains("java.lang.IllegalStateException: stuck"), lines.toString());
            assertEquals(1, Patience.exitOf(process));
        } finally {
            end(process);
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

    private static void end(Process process) throws Exception {
        process.destroyForcibly().waitFor();
        process.getOutputStream().close();
        process.getErrorStream().close();
    }
}
