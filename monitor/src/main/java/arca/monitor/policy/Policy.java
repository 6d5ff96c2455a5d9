package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Decides where guests may connect and listen: only where a rule allows it and no rule denies it. Immutable, for any thread.
 *
 * <p>A rule is {@code any}, an IPv4 address or a CIDR, each with an optional {@code :PORT} or {@code :PORT-PORT}.
 *
 * <p>Some endpoints are dangerous to reach. They are in protected ranges. A rule allows such an endpoint only if it names
 * the range: if its addresses and its ports lie wholly within the range. So {@code 127.0.0.0/8} and {@code 127.0.0.1:8080}
 * name loopback, but {@code any} and {@code 0.0.0.0/0} do not. And {@code any:80} and {@code any:1-1023} name the low ports,
 * but {@code any:80-8080} does not. These are the protected ranges:
 *
 * <ul>
 *   <li>For connects: the blocks of IANA's special-purpose address registry that are not globally reachable, which are
 *       0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24 (except 192.0.0.9
 *       and 192.0.0.10), 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24 and
 *       240.0.0.0/4; 168.63.129.16, where Azure has its metadata; multicast and broadcast addresses; port 0; and each
 *       address of the host itself.
 *   <li>For listens: multicast, reserved and broadcast addresses, and ports below 1024.
 * </ul>
 *
 * <p>Some endpoints stand for others. A listener on 0.0.0.0 listens on every address of the host. A listener on port 0 gets
 * any free port from 1024 up. A connect to 0.0.0.0 goes to 127.0.0.1. A deny rule applies to such an endpoint if it denies
 * any of the endpoints that it stands for. Only a rule without ports allows a listener on port 0.
 *
 * <p>A service that listens on 0.0.0.0 can be reached at every address of the host. So a rule that denies connects to a part
 * of loopback, or to 0.0.0.0, denies its ports on all of loopback. It does not deny them on the host's other addresses, and
 * a rule that denies one of these does not deny the others. This is safe, because each of these addresses is reached only by
 * a rule that names it alone. To deny it, deny that address.
 */
public final class Policy {
    /** Allows nothing. */
    public static final Policy NOTHING = new Policy(new RuleSet(Operation.CONNECT), new RuleSet(Operation.LISTEN));

    private static final Cidr LOOPBACK = ProtectedRange.LOOPBACK.range().block();
    private static final int UNSPECIFIED = 0;

    private final RuleSet connect;
    private final RuleSet listen;

    private Policy(RuleSet connect, RuleSet listen) {
        this.connect = connect;
        this.listen = listen;
    }

    /**
     * Allows connects.
     *
     * @param rules where, as text: see {@link Rule}
     * @return a copy of this policy with these rules added
     * @throws IllegalArgumentException if one is not a rule; the message, one line, begins with its text
     */
    public Policy allowConnect(String... rules) {
        return new Policy(connect.allow(parse(rules)), listen);
    }

    /**
     * Denies connects, whatever allows them.
     *
     * @param rules where, as text: see {@link Rule}
     * @return a copy of this policy with these rules added
     * @throws IllegalArgumentException if one is not a rule; the message, one line, begins with its text
     */
    public Policy denyConnect(String... rules) {
        return new Policy(connect.deny(parse(rules)), listen);
    }

    /**
     * Allows listens.
     *
     * @param rules where, as text: see {@link Rule}
     * @return a copy of this policy with these rules added
     * @throws IllegalArgumentException if one is not a rule, or its ports begin at 0; the message, one line, begins with its text
     */
    public Policy allowListen(String... rules) {
        return new Policy(connect, listen.allow(parseListen(rules)));
    }

    /**
     * Denies listens, whatever allows them.
     *
     * @param rules where, as text: see {@link Rule}
     * @return a copy of this policy with these rules added
     * @throws IllegalArgumentException if one is not a rule, or its ports begin at 0; the message, one line, begins with its text
     */
    public Policy denyListen(String... rules) {
        return new Policy(connect, listen.deny(parseListen(rules)));
    }

    /**
     * Decides on an operation, and says why. A policy asks nobody whether an address is the host's own, so where that
     * decides, it is left open.
     *
     * @param operation what the guest asks for
     * @param endpoint where
     * @return the decision
     */
    public Decision decide(Operation operation, Endpoint endpoint) {
        return switch (verdict(operation, endpoint)) {
            case ALLOWED -> new Decision.Allowed();
            case DENIED ->
                switch (operation) {
                    case CONNECT -> connectDenial(endpoint, ProtectedRange.CONNECT);
                    case LISTEN -> listenDenial(endpoint);
                };
            case DENIED_IF_OWN -> {
                List<ProtectedRange> ofThisHost = new ArrayList<>(ProtectedRange.CONNECT);
                ofThisHost.add(ProtectedRange.ofHost(new Cidr(endpoint.address(), Integer.SIZE)));
                yield new Decision.DeniedIfOwn(connectDenial(endpoint, ofThisHost));
            }
        };
    }

    /**
     * Decides on an operation, as {@link #decide} does. Allocates nothing, because a guest may ask again and again.
     *
     * @param operation what the guest asks for
     * @param endpoint where
     * @return the kind of the decision
     */
    public Verdict verdict(Operation operation, Endpoint endpoint) {
        return switch (operation) {
            case CONNECT -> connect(endpoint);
            case LISTEN -> listen(endpoint);
        };
    }

    private Verdict connect(Endpoint to) {
        if (connect.denies(to, Policy::deniesConnect)) return Verdict.DENIED;
        if (!connect.allows(to, ProtectedRange.CONNECT, false)) return Verdict.DENIED;
        if (isLoopback(to) || connect.allows(to, ProtectedRange.CONNECT, true)) return Verdict.ALLOWED;
        return Verdict.DENIED_IF_OWN;
    }

    private Decision.Denied connectDenial(Endpoint to, List<ProtectedRange> ranges) {
        Rule remedy = new Rule(new Cidr(to.address(), Integer.SIZE), to.port(), to.port());
        return connect.denial(to, Policy::deniesConnect, ranges, remedy);
    }

    private static boolean deniesConnect(Rule rule, Endpoint to) {
        return rule.contains(to) || isLoopback(to) && deniesLoopback(rule, to.port());
    }

    /** Returns whether a connect reaches loopback. One to 0.0.0.0 goes to 127.0.0.1. */
    private static boolean isLoopback(Endpoint to) {
        return to.address() == UNSPECIFIED || LOOPBACK.contains(to.address());
    }

    private static boolean deniesLoopback(Rule rule, int port) {
        Cidr block = rule.block();
        boolean part = block.within(LOOPBACK) || LOOPBACK.within(block) || block.contains(UNSPECIFIED);
        return part && rule.firstPort() <= port && port <= rule.lastPort();
    }

    private Verdict listen(Endpoint at) {
        if (listen.denies(at, Policy::deniesPart)) return Verdict.DENIED;
        return listen.allows(at, ProtectedRange.LISTEN, false) ? Verdict.ALLOWED : Verdict.DENIED;
    }

    private Decision.Denied listenDenial(Endpoint at) {
        Cidr address = new Cidr(at.address(), Integer.SIZE);
        Rule remedy = at.port() == 0 ? new Rule(address) : new Rule(address, at.port(), at.port());
        return listen.denial(at, Policy::deniesPart, ProtectedRange.LISTEN, remedy);
    }

    private static boolean deniesPart(Rule rule, Endpoint at) {
        if (at.address() != UNSPECIFIED && !rule.block().contains(at.address())) return false;
        if (at.port() == 0) return rule.lastPort() >= ProtectedRange.FIRST_FREE_PORT;
        return rule.firstPort() <= at.port() && at.port() <= rule.lastPort();
    }

    private static List<Rule> parse(String... rules) {
        return Stream.of(rules).map(Policy::parse).toList();
    }

    private static Rule parse(String rule) {
        try {
            return Rule.parse(rule);
        } catch (IllegalArgumentException e) {
            String wanted = "a rule is any, an IPv4 address or a CIDR, with an optional :PORT or :PORT-PORT";
            throw new IllegalArgumentException(rule + ": " + e.getMessage() + "; " + wanted, e);
        }
    }

    private static List<Rule> parseListen(String... rules) {
        List<Rule> parsed = parse(rules);
        for (Rule rule : parsed) {
            if (rule.firstPort() == 0 && !rule.everyPort()) {
                throw new IllegalArgumentException(
                        rule + ": port 0 means any free port, and only a rule without ports decides on that");
            }
        }
        return parsed;
    }
}
