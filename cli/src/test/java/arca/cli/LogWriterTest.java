package arca.cli;

import static arca.bindings.Constants.O_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.testkit.Patience;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes to a pipe of one page, which is read when the test says so. */
class LogWriterTest {
    private static final int PAGE = 4096;
    private static final int WAITING = 8192; // bytes
    private static final String DROPPED = "dropped ";

    private static LogWriter start(Pipe pipe) {
        return LogWriter.start(pipe.writer().value(), WAITING, lines -> DROPPED + lines + "\n");
    }

    private static PrintStream print(LogWriter writer) {
        return new PrintStream(writer, false, StandardCharsets.UTF_8);
    }

    /** Reads what is in a pipe, by a descriptor of its own that blocks. */
    private static BufferedReader reader(Fd end) throws IOException {
        return new BufferedReader(
                new InputStreamReader(new FileInputStream("/proc/self/fd/" + end.value()), StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, O_NONBLOCK})
    void linesThatNobodyReadsAreDroppedAndCountedInTheirPlace(int flags) throws Exception {
        int lines = 5000;
        try (Pipe pipe = Pipe.open(flags, PAGE)) {
            PrintStream log = print(start(pipe));
            for (int i = 0; i < lines; i++) log.println(line(i));
            int counted = 0;
            int notices = 0;
            try (BufferedReader reader = reader(pipe.reader())) {
                while (counted < lines) {
                    String line = reader.readLine();
                    if (line.startsWith(DROPPED)) {
                        counted += Integer.parseInt(line.substring(DROPPED.length()));
                        notices++;
                    } else {
                        assertEquals(line(counted), line);
                        counted++;
                    }
                }
            }
            assertEquals(lines, counted);
            assertTrue(notices > 0, "the pipe and the writer cannot hold so many lines");
        }
    }

    /** Some are much longer than others: there can be room for a line just after one was dropped. */
    private static String line(int i) {
        return "line " + i + (i % 5 == 0 ? " is long".repeat(50) : "");
    }

    @Test
    void linesOfSeveralThreadsStayWhole() throws Exception {
        int threads = 4;
        int lines = 3000;
        try (Pipe pipe = Pipe.open(0, PAGE)) {
            PrintStream log = print(start(pipe));
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                String name = "thread " + i;
                writers.add(Thread.ofPlatform().start(() -> {
                    for (int j = 0; j < lines; j++) log.println(name + " line " + j);
                }));
            }
            int counted = 0;
            try (BufferedReader reader = reader(pipe.reader())) {
                while (counted < threads * lines) {
                    String line = reader.readLine();
                    boolean dropped = line.matches(DROPPED + "\\d+");
                    assertTrue(dropped || line.matches("thread \\d line \\d+"), line);
                    counted += dropped ? Integer.parseInt(line.substring(DROPPED.length())) : 1;
                }
            }
            assertEquals(threads * lines, counted);
            for (Thread writer : writers) writer.join();
        }
    }

    @Test
    void endDoesNotWaitForAReaderThatIsStuckAndDoesForOneThatReads() throws Exception {
        try (Pipe pipe = Pipe.open(0, PAGE)) {
            LogWriter writer = start(pipe);
            PrintStream log = print(writer);
            for (int i = 0; i < 1000; i++) log.println("line " + i);
            assertFalse(writer.awaitWritten(1));
            Thread.ofPlatform().start(() -> readFor(writer, pipe));
            assertTrue(writer.awaitWritten(Patience.MILLIS));
        }
    }

    private static void readFor(LogWriter writer, Pipe pipe) {
        try (BufferedReader reader = reader(pipe.reader())) {
            while (!writer.awaitWritten(1)) reader.readLine();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void lineThatIsTooLongIsCutAndTheNextIsWhole() throws Exception {
        try (Pipe pipe = Pipe.open(0, 4 * PAGE)) {
            PrintStream log = print(start(pipe));
            log.println("x".repeat(2 * LogWriter.LONGEST));
            log.println("next");
            try (BufferedReader reader = reader(pipe.reader())) {
                assertEquals("x".repeat(LogWriter.LONGEST - 1), reader.readLine());
                assertEquals("next", reader.readLine());
            }
        }
    }

    @Test
    void linesThatTheDescriptorRefusesAreCountedOnceItTakesThem() throws Exception {
        try (Pipe pipe = Pipe.open(0, PAGE)) {
            LogWriter writer = start(pipe);
            PrintStream log = print(writer);
            pipe.reader().close();
            for (int i = 0; i < 3; i++) log.println("line " + i);
            assertTrue(writer.awaitWritten(Patience.MILLIS));
            try (BufferedReader reader = reader(pipe.writer())) { // the same pipe's other end: proc(5), /proc/pid/fd
                log.println("line 3");
                assertEquals(DROPPED + 3, reader.readLine());
                assertEquals("line 3", reader.readLine());
            }
        }
    }
}
