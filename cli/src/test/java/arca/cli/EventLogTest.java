package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.Endpoint;
import arca.monitor.config.Limits;
import arca.monitor.config.PipeAllowance.Bound;
import arca.monitor.config.SystemLimit;
import arca.monitor.config.SystemLimit.Demand;
import arca.monitor.config.ThreadAllowance;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.Destination;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Reason;
import arca.monitor.policy.Rule;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EventLogTest {
    static Stream<Arguments> events() {
        Policy policy = Policy.NOTHING
                .denyConnect(List.of(Rule.parse("203.1.113.0/24", "--deny-connect")))
                .allowListen("any");
        return Stream.of(
                Arguments.of(
                        denied(policy, Operation.CONNECT, "192.1.2.7:80"),
                        "connect to 192.1.2.7:80 denied: no rule allows it; allow it with --allow-connect 192.1.2.7:80"),
                Arguments.of(
                        denied(policy, Operation.CONNECT, "203.1.113.1:80"),
                        "connect to 203.1.113.1:80 denied by the rule 203.1.113.0/24 (--deny-connect)"),
                Arguments.of(
                        denied(policy, Operation.LISTEN, "127.0.0.1:80"),
                        "listen on 127.0.0.1:80 denied: no rule names low ports; allow it with --allow-listen"
                                + " 127.0.0.1:80"),
                Arguments.of(
                        denied(
                                policy.denyListen(List.of(Rule.parse("any", "--deny-listen"))),
                                Operation.LISTEN,
                                "127.0.0.1:0"),
                        "listen on 127.0.0.1:0 denied by the rule any (--deny-listen)"),
                Arguments.of(
                        denied(
                                policy.denyListen(List.of(Rule.parse("192.1.2.7:8080", "policy.toml:3:7"))),
                                Operation.LISTEN,
                                "0.0.0.0:8080"),
                        "listen on 0.0.0.0:8080 denied by the rule 192.1.2.7:8080, because both may be the same listener"
                                + " (policy.toml:3:7)"),
                Arguments.of(
                        new GuestEvent.Denied(
                                new Denied(
                                        Operation.CONNECT,
                                        Destination.of(Endpoint.parse("192.1.2.7:80")),
                                        new Reason.HostUnknown("EMFILE"),
                                        Optional.of(Rule.parse("192.1.2.7:80"))),
                                Optional.empty(),
                                Optional.of("ask Ann")),
                        "connect to 192.1.2.7:80 denied: the kernel does not say whether this is an address of the host"
                                + " itself: EMFILE; allow it with --allow-connect 192.1.2.7:80; ask Ann"),
                Arguments.of(
                        new GuestEvent.DenialsOmitted(100),
                        "was denied 100 different requests; no more of its denials are reported"),
                Arguments.of(
                        new GuestEvent.TooManyStarts(7, -1),
                        "refused: guests of this user come too often: pid 7, uid 4294967295 (--share)"),
                Arguments.of(
                        new GuestEvent.TooManyGuests(7, -1),
                        "refused: too many guests: pid 7, uid 4294967295 (--max-guests, --max-guests-per-uid, --share)"),
                Arguments.of(
                        new GuestEvent.PrivilegedUser(7, 0, false),
                        "pid 7 runs as uid 0, which is root: it can end the monitor, and read and change what other guests"
                                + " of that user send; run guests as another user, and let them in with --control-group"
                                + " (this is logged once)"),
                Arguments.of(
                        new GuestEvent.Wedged(Optional.of("pipe:[5]"), 7, 1000, "pid 8 (sh)", false),
                        "wedged: its thread waits for the lock of pipe:[5]; the guest connected as (pid 7, uid 1000); open"
                                + " in pid 8 (sh): kill the process that holds the lock, or start with --wedge kill"),
                Arguments.of(
                        new GuestEvent.Wedged(Optional.empty(), 7, 1000, "", true),
                        "wedged: its thread waits for the lock of a pipe; the guest connected as (pid 7, uid 1000); no"
                                + " process is known to have it open"),
                Arguments.of(
                        new GuestEvent.SmallPipes(8192, 262144),
                        "pipes of 8192 bytes, not 262144: the allowance is used up; raise fs.pipe-user-pages-soft or"
                                + " --pipe-memory"),
                Arguments.of(
                        new GuestEvent.OrphanCut(3),
                        "its 3 connections were cut: the guest is gone, and too many guests of its user are gone while"
                                + " their connections go on (--max-guests, --share)"),
                Arguments.of(
                        new GuestEvent.PipesTakenBack(4096),
                        "its pipes were made smaller by 4096 bytes: it had enlarged them, and no memory was left for the pipes of"
                                + " others; raise fs.pipe-user-pages-soft, or grant CAP_SYS_RESOURCE"),
                Arguments.of(
                        new GuestEvent.PipesGrown(4096),
                        "cut: it has enlarged its pipes by 4096 bytes, and no memory was left for the pipes of others; raise"
                                + " fs.pipe-user-pages-soft, or grant CAP_SYS_RESOURCE"),
                Arguments.of(
                        new GuestEvent.PeerSilent(-1, Optional.of("192.1.2.7:80"), Duration.ofMinutes(5), 12),
                        "connection 4294967295 with 192.1.2.7:80 was cut: the guest has closed it, and the peer has"
                                + " acknowledged nothing for 300 s, or less than 1 KiB/s; 12 bytes were not acknowledged (--linger)"));
    }

    private static GuestEvent denied(Policy policy, Operation operation, String endpoint) {
        return new GuestEvent.Denied(
                (Denied) policy.decide(operation, Endpoint.parse(endpoint)), Optional.empty(), Optional.empty());
    }

    @ParameterizedTest
    @MethodSource("events")
    void eventNamesTheOptionThatChangesIt(GuestEvent event, String line) {
        assertEquals(line, event + new EventLog(false).advice(event));
    }

    @Test
    void denialNamesTheSectionOfThePolicyFile() {
        Denied denied = (Denied) Policy.NOTHING.decide(HostName.parse("api.example.com"), 443);
        GuestEvent labelled = new GuestEvent.Denied(denied, Optional.of("agents"), Optional.of("ask Ann"));
        GuestEvent other = new GuestEvent.Denied(denied, Optional.empty(), Optional.empty());
        String line = "connect to api.example.com:443 denied: no rule allows it; allow it with connect.allow ="
                + " [\"api.example.com:443\"] in ";
        assertEquals(line + "[guest.agents]; ask Ann", labelled + new EventLog(true).advice(labelled));
        assertEquals(line + "[default]", other + new EventLog(true).advice(other));
    }

    static Stream<Arguments> limits() {
        Limits limits = Limits.builder()
                .connections(100)
                .listeners(10)
                .connecting(20)
                .guests(5)
                .build();
        OptionalInt none = OptionalInt.empty();
        return Stream.of(
                Arguments.of(
                        new SystemLimit.Descriptors(Demand.ONE_GUEST, 360, 250, 1500, OptionalInt.of(36), limits),
                        "one guest with 100 connections, 10 listeners and 20 handshakes needs 360 descriptors, and the guests"
                                + " of one user may have 250: raise the limit of this process to 1500 (ulimit -n,"
                                + " LimitNOFILE=), or raise --share to 36, or lower --max-connections"),
                Arguments.of(
                        new SystemLimit.Descriptors(Demand.ALL_GUESTS, 50, 40, 110, none, limits),
                        "5 guests with one connection each need 50 descriptors, and all guests may have 40: raise the limit"
                                + " of this process to 110 (ulimit -n, LimitNOFILE=), or lower --max-guests"),
                Arguments.of(
                        new SystemLimit.PipeMemory(8193, 1),
                        "all pipes may hold 8193 bytes by the configuration, and the kernel lets the pipes of this user hold"
                                + " 1: raise fs.pipe-user-pages-soft to 3, or grant CAP_SYS_RESOURCE, or lower"
                                + " --pipe-memory"),
                Arguments.of(
                        new SystemLimit.Pipes(Demand.ONE_GUEST, 10, 9, Bound.MEMORY, (1 << 20) + 1, none, limits),
                        "one guest with 100 connections needs 10 bytes of pipe memory, and the guests of one user may have"
                                + " 9: raise --pipe-memory to 2M, or lower --max-connections"),
                Arguments.of(
                        new SystemLimit.Pipes(Demand.ONE_GUEST, 10, 9, Bound.USER, 8192, OptionalInt.of(30), limits),
                        "one guest with 100 connections needs 10 bytes of pipe memory, and the guests of one user may have"
                                + " 9: raise fs.pipe-user-pages-soft to 2, or grant CAP_SYS_RESOURCE, or raise --share to"
                                + " 30, or lower --max-connections"),
                Arguments.of(
                        new SystemLimit.Pipes(Demand.ALL_GUESTS, 10, 9, Bound.CONFIGURED, 10, none, limits),
                        "5 guests with one connection each need 10 bytes of pipe memory, and all guests may have 9: raise"
                                + " --pipe-memory to 1M, or lower --max-guests"),
                Arguments.of(
                        new SystemLimit.Threads(74, 70, ThreadAllowance.Bound.USER, limits),
                        "5 guests, and as many that are gone while their connections go on, need 74 threads, and this user"
                                + " may have 70: raise it to 74 (ulimit -u, LimitNPROC=), or lower --max-guests"),
                Arguments.of(
                        new SystemLimit.Threads(74, 70, ThreadAllowance.Bound.CGROUP, limits),
                        "5 guests, and as many that are gone while their connections go on, need 74 threads, and this cgroup"
                                + " may have 70: raise it to 74 (pids.max, TasksMax=), or lower --max-guests"));
    }

    @ParameterizedTest
    @MethodSource("limits")
    void limitNamesWhatToRaise(SystemLimit limit, String line) {
        assertEquals(line, limit + ": " + EventLog.advice(limit));
    }
}
