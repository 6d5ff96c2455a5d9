package arca.monitor.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.ProcFile;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalPortsTest {
    private static final String FOLDER = "/proc/sys/net/ipv4/";
    private static final long MINUTE = 60_000_000_000L;
    private static final Map<String, String> DEFAULTS = Map.of(
            "ip_local_port_range",
            "32768\t60999\n",
            "tcp_timestamps",
            "1\n",
            "tcp_tw_reuse",
            "2\n",
            "tcp_max_tw_buckets",
            "9\n");

    private static LocalPorts find(Map<String, String> files) {
        return LocalPorts.find(path -> {
            assertTrue(path.startsWith(FOLDER), path);
            String text = files.get(path.substring(FOLDER.length()));
            if (text == null) throw new IOException("open " + path + ": ENOENT");
            return text;
        });
    }

    private static LocalPorts with(String file, String text) {
        Map<String, String> files = new HashMap<>(DEFAULTS);
        files.put(file, text);
        return find(files);
    }

    @Test
    void rangeIsCounted() {
        assertEquals(new LocalPorts(28_232, MINUTE, 0, 9, List.of()), find(DEFAULTS));
        assertEquals(1, with("ip_local_port_range", "40000\t40000\n").count());
    }

    @Test
    void portsAreReusedAsTheKernelIsToldTo() {
        assertEquals(new LocalPorts(28_232, 0, 0, 9, List.of()), with("tcp_tw_reuse", "1\n"));
        assertEquals(new LocalPorts(28_232, MINUTE, MINUTE, 9, List.of()), with("tcp_tw_reuse", "0\n"));
        assertEquals(new LocalPorts(28_232, MINUTE, MINUTE, 9, List.of()), with("tcp_timestamps", "0\n"));
    }

    @Test
    void factThatIsMissingIsNamedAndReplacedByTheKernelsDefault() {
        LocalPorts nothing = find(Map.of());
        assertEquals(new LocalPorts(28_232, MINUTE, 0, 131_072, nothing.unknown()), nothing);
        assertEquals(4, nothing.unknown().size());
        assertEquals(
                "open /proc/sys/net/ipv4/ip_local_port_range: ENOENT; the monitor assumes the kernel's default, 32768 60999",
                nothing.unknown().getFirst());
        for (String strange : List.of("", "1\n", "a b\n")) {
            LocalPorts ports = with("ip_local_port_range", strange);
            assertEquals(28_232, ports.count());
            assertEquals(1, ports.unknown().size());
        }
    }

    @Test
    void thisSystemTells() throws IOException {
        LocalPorts ports = LocalPorts.find();
        assertEquals(List.of(), ports.unknown());
        assertTrue(ports.count() > 0, ProcFile.read(FOLDER + "ip_local_port_range"));
    }
}
