package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class UsersTest {
    @Test
    void rootHasTheIdsZero() throws Exception {
        assertEquals(OptionalInt.of(0), Users.uid("root"));
        assertEquals(OptionalInt.of(0), Users.gid("root"));
    }

    @Test
    void everyUserAndGroupOfTheFilesHasItsId() throws Exception {
        for (String line : lines("/etc/passwd")) {
            assertEquals(OptionalInt.of(id(line)), Users.uid(line.substring(0, line.indexOf(':'))), line);
        }
        for (String line : lines("/etc/group")) {
            assertEquals(OptionalInt.of(id(line)), Users.gid(line.substring(0, line.indexOf(':'))), line);
        }
    }

    private static List<String> lines(String file) throws Exception {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.matches("[^#+-][^:]*:[^:]*:[0-9]+:.*"))
                .toList();
    }

    private static int id(String line) {
        return Integer.parseUnsignedInt(line.split(":")[2]);
    }

    @Test
    void unknownNameHasNoId() throws Exception {
        for (String name : List.of("no-such-user-here", "", "0", "root\0", "x".repeat(100_000), "ro:ot", "\u00fc")) {
            assertEquals(OptionalInt.empty(), Users.uid(name));
            assertEquals(OptionalInt.empty(), Users.gid(name));
        }
    }
}
