package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Patience;
import arca.testkit.ReservedPorts;
import arca.testkit.Tools;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
        Process shell = new ProcessBuilder("sh")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        Patience.killLate(shell, BLOCKS);
        try (BufferedReader screen = shell.inputReader();
                OutputStream keys = shell.getOutputStream()) {
            int blocks = 0;
            for (Matcher block = BLOCK.matcher(tour); block.find(); blocks++) {
                keys.write((block.group(1) + "echo '" + DONE + "'$?\n").getBytes(StandardCharsets.UTF_8));
                keys.flush();
                see(screen, block.group(1), block.group(2));
            }
            assertEquals(BLOCKS, blocks);
            keys.write("exit\n".getBytes(StandardCharsets.UTF_8));
            keys.flush();
            Patience.exitOf(shell);
            assertEquals("", String.join("\n", screen.readAllLines()));
        } finally {
            shell.descendants().forEach(ProcessHandle::destroyForcibly);
            shell.destroyForcibly();
            Files.delete(link); // JUnit warns of links that lead out of the folder
        }
        try (var left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    /** Reads until the block is done and, if it says what comes, all of that has come, in whatever order it is done. */
    private static void see(BufferedReader screen, String typed, String told) throws IOException {
        List<String> expected = told == null ? List.of() : told.lines().toList();
        int seen = 0;
        for (boolean done = false; !done || seen < expected.size(); ) {
            String line = screen.readLine();
            assertTrue(line != null, "the shell has ended in:\n" + typed);
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
