package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The variables of sd_watchdog_enabled(3). */
class ServiceManagerTest {
    private static final String SELF = Long.toString(ProcessHandle.current().pid());

    private static Optional<Duration> interval(String micros, String pid) throws IOException {
        Map<String, String> environment = new HashMap<>();
        if (micros != null) environment.put("WATCHDOG_USEC", micros);
        if (pid != null) environment.put("WATCHDOG_PID", pid.replace("self", SELF));
        return ServiceManager.of(environment).aliveInterval();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            30000000, -,    15000
            3000000,  self, 1500
            3000000,  1,    -
            -,        self, -
            """)
    void managerIsToldTwiceInItsTimeIfItMeansThisProcess(String micros, String pid, Long millis) throws Exception {
        assertEquals(Optional.ofNullable(millis).map(Duration::ofMillis), interval(micros, pid));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-5", "soon"})
    void timeThatIsNoneIsRefused(String micros) {
        assertThrows(IOException.class, () -> interval(micros, null));
    }

    @Test
    void timeForAnotherProcessIsNotLookedAt() throws Exception {
        assertEquals(Optional.empty(), interval("soon", "1"));
    }
}
