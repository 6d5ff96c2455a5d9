package arca.monitor.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.config.PipeAllowance.Bound;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PipeAllowanceTest {
    private static final String SOFT = "/proc/sys/fs/pipe-user-pages-soft";
    private static final String STATUS = "/proc/self/status";
    private static final String MAP = "/proc/self/uid_map";
    private static final String MEMORY = "/proc/meminfo";
    private static final String ORDINARY = "Name:\tjava\nCapEff:\t0000000000000000\n";
    private static final String ROOT = "Name:\tjava\nCapEff:\t000001ffffffffff\n";
    private static final String EVERYBODY = "         0          0 4294967295\n";
    private static final String GIBIBYTES_8 = "MemTotal:        8388608 kB\nMemFree: 1 kB\n";
    private static final long MIB = 1 << 20;

    private static PipeAllowance of(long configured, Map<String, String> files) {
        return PipeAllowance.of(configured, path -> {
            if (files.containsKey(path)) return files.get(path);
            throw new IOException("open " + path + ": ENOENT");
        });
    }

    @Test
    void ordinaryUserHasTheKernelsLimit() {
        Map<String, String> files = Map.of(SOFT, "4096\n", STATUS, ORDINARY);
        assertEquals(new PipeAllowance(16 * MIB, Bound.USER, List.of()), of(0, files));
        assertEquals(new PipeAllowance(MIB, Bound.CONFIGURED, List.of()), of(MIB, files));
        assertEquals(new PipeAllowance(16 * MIB, Bound.USER, List.of()), of(17 * MIB, files));
    }

    @Test
    void exemptProcessHasHalfOfTheMemory() {
        Map<String, String> files = Map.of(SOFT, "4096\n", STATUS, ROOT, MAP, EVERYBODY, MEMORY, GIBIBYTES_8);
        assertEquals(new PipeAllowance(4096 * MIB, Bound.MEMORY, List.of()), of(0, files));
        assertEquals(new PipeAllowance(17 * MIB, Bound.CONFIGURED, List.of()), of(17 * MIB, files));
        Map<String, String> noLimit = Map.of(SOFT, "0\n", STATUS, ORDINARY, MEMORY, GIBIBYTES_8);
        assertEquals(new PipeAllowance(4096 * MIB, Bound.MEMORY, List.of()), of(0, noLimit));
    }

    /** Root there is an ordinary user to the kernel's limits. */
    @Test
    void rootOfAUserNamespaceIsNotExempt() {
        Map<String, String> files = Map.of(SOFT, "4096\n", STATUS, ROOT, MAP, "0 1000 1\n", MEMORY, GIBIBYTES_8);
        assertEquals(new PipeAllowance(16 * MIB, Bound.USER, List.of()), of(0, files));
    }

    @Test
    void factThatIsMissingIsNamedAndReplacedByACarefulOne() {
        PipeAllowance nothing = of(0, Map.of());
        assertEquals(64 * MIB, nothing.bytes());
        assertEquals(2, nothing.unknown().size());
        assertTrue(nothing.unknown().getFirst().contains(SOFT), nothing.toString());
        assertTrue(nothing.unknown().getLast().contains(STATUS), nothing.toString());

        PipeAllowance exempt = of(0, Map.of(STATUS, ROOT, MAP, EVERYBODY));
        assertEquals(64 * MIB, exempt.bytes());
        assertTrue(exempt.unknown().getLast().contains(MEMORY), exempt.toString());

        PipeAllowance strange = of(0, Map.of(SOFT, "\n", STATUS, "CapEff:\tx\n"));
        assertEquals(64 * MIB, strange.bytes());
        assertEquals(2, strange.unknown().size());
    }
}
