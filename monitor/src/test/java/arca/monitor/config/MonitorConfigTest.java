package arca.monitor.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.config.MonitorConfig.Readiness;
import arca.monitor.config.MonitorConfig.RelayMode;
import arca.monitor.config.MonitorConfig.Wedge;
import arca.monitor.observe.MonitorObserver;
import arca.monitor.policy.Policy;
import arca.monitor.resolve.Resolver;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MonitorConfigTest {
    /** A configuration and limits that differ from the defaults in each component. */
    private static final Limits LIMITS = Limits.builder()
            .connections(1)
            .listeners(2)
            .waitingAccepts(3)
            .connecting(4)
            .guests(5)
            .guestsPerUid(6)
            .pipeMemory(7)
            .copyMemory(8)
            .requestRate(9)
            .share(10)
            .build();

    private static final MonitorObserver OBSERVER = (_, _) -> {};
    private static final Resolver RESOLVER = _ -> List.of();
    private static final ControlPoint POINT = new ControlPoint(Path.of("another"), ControlAccess.OWNER);

    private static final MonitorConfig CONFIG = MonitorConfig.builder()
            .control(Path.of("socket"))
            .access(new ControlAccess(0660, Optional.empty()))
            .policy(Policy.NOTHING.allowConnect("any"))
            .limits(LIMITS)
            .readiness(Readiness.POLL)
            .relay(RelayMode.COPY)
            .pipeSize(4096)
            .connectTimeout(Duration.ofDays(1))
            .linger(Duration.ofSeconds(2))
            .drain(Duration.ZERO)
            .wedge(Wedge.KILL)
            .resolver(RESOLVER)
            .controls(List.of(POINT))
            .observer(OBSERVER)
            .build();

    @Test
    void settersSetTheComponentOfTheirName() throws Exception {
        assertEquals(new Limits(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), LIMITS);
        assertEquals(
                new MonitorConfig(
                        Optional.of(Path.of("socket")),
                        CONFIG.access(),
                        List.of(POINT),
                        CONFIG.profiles(),
                        LIMITS,
                        Readiness.POLL,
                        RelayMode.COPY,
                        4096,
                        Duration.ofDays(1),
                        Duration.ofSeconds(2),
                        Duration.ZERO,
                        Wedge.KILL,
                        RESOLVER,
                        OBSERVER),
                CONFIG);
        assertNoDefault(Limits.DEFAULT, LIMITS);
        assertNoDefault(MonitorConfig.DEFAULT, CONFIG);
    }

    @Test
    void builderOfARecordHoldsAllItsComponents() {
        assertEquals(LIMITS, LIMITS.toBuilder().build());
        assertEquals(CONFIG, CONFIG.toBuilder().build());
    }

    /** Fails if a component has its default: then the tests above would not notice a setter that does nothing. */
    private static void assertNoDefault(Record defaults, Record set) throws Exception {
        for (RecordComponent component : set.getClass().getRecordComponents()) {
            assertNotEquals(
                    component.getAccessor().invoke(defaults),
                    component.getAccessor().invoke(set));
        }
    }

    private static void refused(String about, Executable making) {
        String message = assertThrows(IllegalArgumentException.class, making).getMessage();
        assertTrue(message.startsWith(about), message);
    }

    @Test
    void whatNoMonitorCanDoIsRefused() {
        MonitorConfig config = MonitorConfig.DEFAULT;
        refused(
                "a control socket has",
                () -> config.toBuilder().control(Path.of("")).build());
        refused("a control socket has", () -> new ControlPoint(Path.of(""), ControlAccess.OWNER));
        refused(
                "each control socket has",
                () -> config.toBuilder()
                        .control(Path.of("another"))
                        .controls(List.of(POINT))
                        .build());
        refused(
                "each control socket has",
                () -> config.toBuilder()
                        .controls(List.of(POINT, new ControlPoint(Path.of("./x/../another"), ControlAccess.OWNER)))
                        .build());
        refused("a mode is", () -> new ControlAccess(01777, Optional.empty()));
        refused("a mode is", () -> new ControlAccess(-1, Optional.empty()));
        refused("a pipe has", () -> config.toBuilder().pipeSize(4095).build());
        refused("a pipe has", () -> config.toBuilder().pipeSize((1 << 30) + 1).build());
        refused(
                "a handshake may take",
                () -> config.toBuilder().connectTimeout(Duration.ZERO).build());
        refused(
                "a handshake may take",
                () -> config.toBuilder().connectTimeout(Duration.ofNanos(-1)).build());
        refused(
                "a handshake may take",
                () -> config.toBuilder()
                        .connectTimeout(Duration.ofDays(1).plusNanos(1))
                        .build());
        refused(
                "the linger time is",
                () -> config.toBuilder().linger(Duration.ofNanos(-1)).build());
        refused(
                "the linger time is",
                () -> config.toBuilder().linger(Duration.ofDays(1).plusNanos(1)).build());
        refused(
                "connections may go on",
                () -> config.toBuilder().drain(Duration.ofNanos(-1)).build());
        refused(
                "connections may go on",
                () -> config.toBuilder().drain(Duration.ofDays(1).plusNanos(1)).build());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void limitIsAtLeastOne(int none) {
        refused("connections is", () -> Limits.builder().connections(none).build());
        refused("listeners is", () -> Limits.builder().listeners(none).build());
        refused("waitingAccepts is", () -> Limits.builder().waitingAccepts(none).build());
        refused("connecting is", () -> Limits.builder().connecting(none).build());
        refused("guests is", () -> Limits.builder().guests(none).build());
        refused("guestsPerUid is", () -> Limits.builder().guestsPerUid(none).build());
        refused("copyMemory is", () -> Limits.builder().copyMemory(none - 1L).build());
        refused("requestRate is", () -> Limits.builder().requestRate(none).build());
        refused("a share is", () -> Limits.builder().share(none).build());
        refused("pipeMemory is", () -> Limits.builder().pipeMemory(none - 1L).build());
    }
}
