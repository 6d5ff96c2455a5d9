package arca.monitor.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.config.MonitorConfig.Readiness;
import arca.monitor.config.MonitorConfig.RelayMode;
import arca.monitor.config.MonitorConfig.Wedge;
import arca.monitor.policy.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MonitorConfigTest {
    private static final Limits LIMITS = new Limits(1, 2, 3, 4, 5, 6, 7);

    @Test
    void everyComponentIsSetByItsMethod() {
        Policy policy = Policy.NOTHING.allowConnect("any");
        ControlAccess access = new ControlAccess(0660, Optional.empty());
        MonitorConfig expected = new MonitorConfig(
                Optional.of(Path.of("socket")),
                access,
                policy,
                LIMITS,
                Readiness.POLL,
                RelayMode.COPY,
                4096,
                Duration.ofDays(1),
                Duration.ofSeconds(2),
                Duration.ZERO,
                Wedge.KILL);
        assertEquals(
                expected,
                MonitorConfig.DEFAULT
                        .withControl(Path.of("socket"))
                        .withAccess(access)
                        .withPolicy(policy)
                        .withLimits(LIMITS)
                        .withReadiness(Readiness.POLL)
                        .withRelay(RelayMode.COPY)
                        .withPipeSize(4096)
                        .withConnectTimeout(Duration.ofDays(1))
                        .withLinger(Duration.ofSeconds(2))
                        .withDrain(Duration.ZERO)
                        .withWedge(Wedge.KILL));
    }

    private static void refused(String about, Executable making) {
        String message = assertThrows(IllegalArgumentException.class, making).getMessage();
        assertTrue(message.startsWith(about), message);
    }

    @Test
    void whatNoMonitorCanDoIsRefused() {
        MonitorConfig config = MonitorConfig.DEFAULT;
        refused("a control socket has", () -> config.withControl(Path.of("")));
        refused("a mode is", () -> new ControlAccess(01777, Optional.empty()));
        refused("a mode is", () -> new ControlAccess(-1, Optional.empty()));
        refused("a pipe has", () -> config.withPipeSize(4095));
        refused("a pipe has", () -> config.withPipeSize((1 << 30) + 1));
        refused("a handshake may take", () -> config.withConnectTimeout(Duration.ZERO));
        refused("a handshake may take", () -> config.withConnectTimeout(Duration.ofNanos(-1)));
        refused(
                "a handshake may take",
                () -> config.withConnectTimeout(Duration.ofDays(1).plusNanos(1)));
        refused("the linger time is", () -> config.withLinger(Duration.ofNanos(-1)));
        refused("the linger time is", () -> config.withLinger(Duration.ofDays(1).plusNanos(1)));
        refused("connections may go on", () -> config.withDrain(Duration.ofNanos(-1)));
        refused(
                "connections may go on",
                () -> config.withDrain(Duration.ofDays(1).plusNanos(1)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void limitIsAtLeastOne(int none) {
        refused("connections is", () -> new Limits(none, 1, 1, 1, 1, 1, 0));
        refused("listeners is", () -> new Limits(1, none, 1, 1, 1, 1, 0));
        refused("waitingAccepts is", () -> new Limits(1, 1, none, 1, 1, 1, 0));
        refused("connecting is", () -> new Limits(1, 1, 1, none, 1, 1, 0));
        refused("guests is", () -> new Limits(1, 1, 1, 1, none, 1, 0));
        refused("guestsPerUid is", () -> new Limits(1, 1, 1, 1, 1, none, 0));
        refused("pipeMemory is", () -> new Limits(1, 1, 1, 1, 1, 1, none - 1L));
    }
}
