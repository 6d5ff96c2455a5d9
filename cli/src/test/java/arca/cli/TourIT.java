package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.ReservedPorts;
import arca.testkit.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tour of README.md, typed into a shell block by block; what it shows must be what comes. */
class TourIT {
    private static final Path README = Path.of("..", "README.md");

    /** What to type, and what then is to be seen; empty where the reader is not told. */
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", Pattern.DOTALL);

    private static final int BLOCKS = 10;
    private static final String DONE = "--- done: ";

    @TempDir
    Path folder;

    private static String tour() throws IOException {
        String readme = Files.readString(README);
        int start = readme.indexOf("## A tour in five minutes");
        return readme.substring(start, readme.indexOf("\n## ", start + 1));
    }

    /** What is the same in each run: times, rates, numbers and folders differ. */
    private static String stable(String line) {
        return line.replaceAll("^\\d{4}-\\S+ ", "TIME ")
                .replaceAll("[0-9.]+ ([KMG]i)?B/s", "RATE")
                .replaceAll("/\\S*/tour/", "FOLDER/")
                .replaceAll("[0-9]+(\\.[0-9]+)?", "N")
                .replaceAll(" +", " ");
    }

    @Test
    void tourIsAsItIsTold() throws Exception {
        Tools.assume("curl");
        Path link = Files.createSymbolicLink(folder.resolve("arca"), Arca.COMMAND);
        String tour = tour().replace("7000", Integer.toString(ReservedPorts.next()))
                .replace("8080", Integer.toString(ReservedPorts.next()));
        List<String> command = List.of("env", "--chdir=" + folder, "sh", "-c", "exec sh 2>&1");
        try (Child shell = Child.start(command);
                Background _ = () -> killDescendants(shell)) {
            int blocks = 0;
            for (Matcher block = BLOCK.matcher(tour); block.find(); blocks++) {
                shell.writeLine(block.group(1) + "echo '" + DONE + "'$?");
                see(shell, block.group(1), block.group(2));
            }
            assertEquals(BLOCKS, blocks);
            shell.writeLine("exit");
            shell.exitStatus();
            assertEquals(List.of(), shell.readOutput());
        } finally {
            Files.delete(link); // JUnit warns of links that lead out of the folder
        }
        try (var left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    /** Programs that the tour starts in the background. */
    private interface Background extends AutoCloseable {
        @Override
        void close();
    }

    private static void killDescendants(Child shell) {
        ProcessHandle.of(shell.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .forEach(ProcessHandle::destroyForcibly);
    }

    /** Reads until the block is done and, if it says what comes, all of that has come, in whatever order it is done. */
    private static void see(Child shell, String typed, String told) throws InterruptedException {
        List<String> expected = told == null ? List.of() : told.lines().toList();
        int seen = 0;
        for (boolean done = false; !done || seen < expected.size(); ) {
            String line = shell.readLine();
            if (line.startsWith(DONE)) done = true;
            else if (told != null && !isOfThisSystem(line)) {
                assertTrue(seen < expected.size(), "not told: " + line);
                assertEquals(stable(expected.get(seen++)), stable(line), typed);
            }
        }
    }

    /** What a monitor says of a system that gives too little, of an old kernel, or of guests that are its own user. */
    private static boolean isOfThisSystem(String line) {
        return line.contains("; raise ")
                || line.contains(" WARN ")
                        && (line.contains(": raise ")
                                || line.contains("SO_PASSRIGHTS")
                                || line.contains("(this is logged once)"));
    }
}
