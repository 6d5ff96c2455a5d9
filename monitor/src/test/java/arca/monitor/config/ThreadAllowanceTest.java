package arca.monitor.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.monitor.config.ThreadAllowance.Bound;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ThreadAllowanceTest {
    private static final String LIMITS = "/proc/self/limits";
    private static final String STATUS = "/proc/self/status";
    private static final String MAP = "/proc/self/uid_map";
    private static final String CGROUP = "/proc/self/cgroup";
    private static final String ORDINARY = "CapEff:\t0000000000000000\n";
    private static final String ROOT = "CapEff:\t000001ffffffffff\n";
    private static final String EVERYBODY = "         0          0 4294967295\n";
    private static final String THREADS_100 = """
            Limit                     Soft Limit           Hard Limit           Units
            Max stack size            8388608              unlimited            bytes
            Max processes             100                  200                  processes
            """;
    private static final ThreadAllowance NO_LIMIT = new ThreadAllowance(Long.MAX_VALUE, Bound.USER);

    private static ThreadAllowance of(Map<String, String> files) {
        return ThreadAllowance.of(path -> {
            if (files.containsKey(path)) return files.get(path);
            throw new IOException("open " + path + ": ENOENT");
        });
    }

    @Test
    void ordinaryUserHasItsSoftLimit() {
        assertEquals(new ThreadAllowance(100, Bound.USER), of(Map.of(LIMITS, THREADS_100, STATUS, ORDINARY)));
        assertEquals(NO_LIMIT, of(Map.of(LIMITS, THREADS_100.replace("100 ", "unlimited "), STATUS, ORDINARY)));
    }

    @Test
    void rootHasNone() {
        assertEquals(NO_LIMIT, of(Map.of(LIMITS, THREADS_100, STATUS, ROOT, MAP, EVERYBODY)));
    }

    @Test
    void lowestLimitOfTheCgroupsCounts() {
        Map<String, String> files = Map.of(
                LIMITS,
                THREADS_100,
                STATUS,
                ORDINARY,
                CGROUP,
                "0::/system.slice/arca.service\n",
                "/sys/fs/cgroup/system.slice/arca.service/pids.max",
                "max\n",
                "/sys/fs/cgroup/system.slice/pids.max",
                "99\n");
        assertEquals(new ThreadAllowance(99, Bound.CGROUP), of(files));
    }

    /** The root of a container's cgroups has a limit; that of the host has none. */
    @Test
    void cgroupsOfAContainerAreSeen() {
        assertEquals(
                new ThreadAllowance(7, Bound.CGROUP), of(Map.of(CGROUP, "0::/\n", "/sys/fs/cgroup/pids.max", "7\n")));
        assertEquals(
                new ThreadAllowance(8, Bound.CGROUP),
                of(Map.of(CGROUP, "9:cpu:/a\n8:pids:/docker/4711\n", "/sys/fs/cgroup/pids/pids.max", "8\n")));
    }

    @Test
    void limitThatTheSystemDoesNotTellIsNone() {
        assertEquals(NO_LIMIT, of(Map.of()));
        assertEquals(NO_LIMIT, of(Map.of(CGROUP, "0::/../elsewhere\nnonsense\n")));
    }
}
