package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.Endpoint;
import arca.monitor.config.Limits;
import arca.monitor.config.PipeAllowance.Bound;
import arca.monitor.config.SystemLimit;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Reason;
import arca.monitor.policy.Rule;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EventLogTest {
    static Stream<Arguments> events() {
        Policy policy = Policy.NOTHING.denyConnect("203.1.113.0/24").allowListen("any");
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
                        denied(policy.denyListen("any"), Operation.LISTEN, "127.0.0.1:0"),
                        "listen on 127.0.0.1:0 denied by the rule any (--deny-listen)"),
                Arguments.of(
                        denied(policy.denyListen("192.1.2.7:8080"), Operation.LISTEN, "0.0.0.0:8080"),
                        "listen on 0.0.0.0:8080 denied by the rule 192.1.2.7:8080, because both may be the same listener"
                                + " (--deny-listen)"),
                Arguments.of(
                        new GuestEvent.Denied(new Denied(
                                Operation.CONNECT,
                                Endpoint.parse("192.1.2.7:80"),
                                new Reason.HostUnknown("EMFILE"),
                                Optional.of(Rule.parse("192.1.2.7:80")))),
                        "connect to 192.1.2.7:80 denied: the kernel does not say whether this is an address of the host"
                                + " itself: EMFILE; allow it with --allow-connect 192.1.2.7:80"),
                Arguments.of(
                        new GuestEvent.DenialsOmitted(100),
                        "was denied 100 different requests; no more of its denials are reported"),
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
                        new GuestEvent.PeerSilent(-1, Optional.of("192.1.2.7:80"), Duration.ofMinutes(5), 12),
                        "connection 4294967295 with 192.1.2.7:80 was cut: the guest has closed it, and the peer has"
                                + " acknowledged nothing for 300 s, or less than 1 KiB/s; 12 bytes were not acknowledged (--linger)"));
    }

    private static GuestEvent denied(Policy policy, Operation operation, String endpoint) {
        return new GuestEvent.Denied((Denied) policy.decide(operation, Endpoint.parse(endpoint)));
    }

    @ParameterizedTest
    @MethodSource("events")
    void eventNamesTheOptionThatChangesIt(GuestEvent event, String line) {
        assertEquals(line, event + EventLog.advice(event));
    }

    static Stream<Arguments> limits() {
        Limits limits = Limits.builder().connections(100).guests(5).build();
        return Stream.of(
                Arguments.of(
                        new SystemLimit.Descriptors(454, 453, limits),
                        "one guest with 100 connections, beside 5 guests, needs 454 descriptors, and this process may have"
                                + " 453: raise that limit (ulimit -n, LimitNOFILE=), or lower --max-connections or"
                                + " --max-guests"),
                Arguments.of(
                        new SystemLimit.PipeMemory(2, 1),
                        "all pipes may hold 2 bytes by the configuration, and the kernel lets the pipes of this user hold"
                                + " 1: raise fs.pipe-user-pages-soft, or grant CAP_SYS_RESOURCE, or lower --pipe-memory"),
                Arguments.of(
                        new SystemLimit.ConnectionPipes(131072, Bound.MEMORY, 65536, 2),
                        "the pipes of all guests may hold 131072 bytes, enough for 1 connections with pipes of 65536 bytes,"
                                + " and one guest may have 2: raise --pipe-memory, or lower --max-connections"),
                Arguments.of(
                        new SystemLimit.ConnectionPipes(131072, Bound.USER, 65536, 2),
                        "the pipes of all guests may hold 131072 bytes, enough for 1 connections with pipes of 65536 bytes,"
                                + " and one guest may have 2: past that, the kernel gives a pipe one or two pages; raise"
                                + " fs.pipe-user-pages-soft, or grant CAP_SYS_RESOURCE, or lower --max-connections"));
    }

    @ParameterizedTest
    @MethodSource("limits")
    void limitNamesWhatToRaise(SystemLimit limit, String line) {
        assertEquals(line, limit + ": " + EventLog.advice(limit));
    }
}
