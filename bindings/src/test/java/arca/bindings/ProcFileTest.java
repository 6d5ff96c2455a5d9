package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcFileTest {
    /** A number of several digits that every user may read and that no test changes. */
    private static final String NUMBER = "/proc/sys/kernel/pid_max";

    @Test
    void wholeNumberIsRead() throws Exception {
        String asCat = ChildJvm.run(List.of("cat", NUMBER)).output();
        assertTrue(asCat.strip().length() > 1, asCat);
        assertEquals(asCat, ProcFile.read(NUMBER));
    }

    @Test
    void fileLongerThanOneReadIsReadToItsEnd() throws Exception {
        Path file = Files.createTempFile("arca", "");
        try {
            String text = "0123456789abcde\n".repeat(20_000);
            Files.writeString(file, text);
            assertEquals(text, ProcFile.read(file.toString()));
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void messageNamesTheMissingFile() {
        ErrnoException e = assertThrows(ErrnoException.class, () -> ProcFile.read("/proc/sys/no such file"));
        assertEquals(Errno.ENOENT, e.errno());
        assertTrue(e.getMessage().contains("/proc/sys/no such file"), e.getMessage());
    }
}
