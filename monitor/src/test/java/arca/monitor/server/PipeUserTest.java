package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests which processes the watchdog may kill, and how it names them. */
class PipeUserTest {
    private static final int NOBODY = 65534;

    /** The process of this test is both the parent of the monitor and the guest. */
    @Test
    void ancestorOfTheMonitorIsNotKilled() throws Exception {
        int pid = (int) ProcessHandle.current().pid();
        int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        PipeUser ancestor = new PipeUser(pid, "java", uid == 0 ? NOBODY : uid, true);
        assertEquals(Optional.of("the monitor descends from it"), ancestor.spared(ancestor.uid()));
        PipeUser init = new PipeUser(1, "init", NOBODY, true);
        assertEquals(Optional.of("the monitor descends from it"), init.spared(NOBODY));
        PipeUser setuid = new PipeUser(1 << 30, "su", NOBODY, false);
        assertEquals(Optional.of("another user than the one who connected runs it"), setuid.spared(NOBODY));
        assertEquals(Optional.of("it runs as root"), new PipeUser(1 << 30, "sh", 0, true).spared(0));
        assertEquals(Optional.empty(), new PipeUser(1 << 30, "sh", NOBODY, true).spared(NOBODY));
    }

    @Test
    void nameOfAProcessCannotEndTheLine() {
        assertEquals("a\\x0ab\\x22\\x5c\\xe9", PipeUser.escaped("a\nb\"\\\u00e9"));
    }
}
