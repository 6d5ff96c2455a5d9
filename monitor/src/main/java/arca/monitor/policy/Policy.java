package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where guests may connect and listen: nowhere, unless a rule allows it and none denies it. Immutable, for any thread.
 *
 * <p>A rule is {@code any}, an IPv4 address or a CIDR, each with an optional {@code :PORT} or {@code :PORT-PORT}.
 * Some endpoints are dangerous to reach by a rule that was meant for the world at large. They are allowed only by a
 * rule that names them: one that lies wholly within the block below, in its addresses and in its ports. So
 * {@code 127.0.0.0/8} and {@code 127.0.0.1:8080} name loopback, {@code any} and {@code 0.0.0.0/0} do not; and
 * {@code any:80} and {@code any:1-1023} name a low port, {@code any:80-8080} does not.
 *
 * <ul>
 *   <li>To connect: the blocks of IANA's special-purpose address registry that are not globally reachable, which are
 *       0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24 (but for 192.0.0.9
 *       and 192.0.0.10), 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24 and
 *       240.0.0.0/4; 168.63.129.16, where Azure has its metadata; multicast and broadcast addresses; port 0; and each
 *       address of the host itself, a block of one.
 *   <li>To listen: multicast, reserved and broadcast addresses, and ports below 1024.
 * </ul>
 *
 * <p>Some endpoints stand for others: a listener on 0.0.0.0 is one on every address of the host, one on port 0 has any
 * free port from 1024 up, and to connect to 0.0.0.0 is to connect to 127.0.0.1. A rule denies such an endpoint if it
 * denies a part of what that stands for. To listen on port 0 is allowed by rules without ports alone.
 *
 * <p>A service that listens on 0.0.0.0 is reached by every address of the host. So a rule that denies connects to a part of
 * loopback or to 0.0.0.0 denies its ports on all of loopback. It does not deny them on the host's other addresses, nor
 * does a rule that denies one of those deny the others: only rules that name an own address alone allow it, and each
 * address that is named so is to be denied by itself.
 */
public final class Policy {
    /** Allows nothing. */
    public static final Policy NOTHING = new Policy(Access.CONNECT, Access.LISTEN);

    private static final Cidr LOCALHOST = Cidr.parse("127.0.0.1");
    private static final Cidr LOOPBACK = Floor.LOOPBACK.block().block();
    private static final int UNSPECIFIED = 0;

    private final Access connect;
    private final Access listen;

    private Policy(Access connect, Access listen) {
        this.connect = connect;
        this.listen = listen;
    }

    /**
     * Allows connects.
     *
     * @param rules where to
     * @return this policy, and these rules
     * @throws IllegalArgumentException if one is no rule; the message, a line, begins with the command line's flag
     */
    public Policy allowConnect(String... rules) {
        return new Policy(connect.allow(parse("--allow-connect", rules)), listen);
    }

    /**
     * Denies connects, whatever allows them.
     *
     * @param rules where to
     * @return this policy, and these rules
     * @throws IllegalArgumentException if one is no rule; the message is as in {@link #allowConnect}
     */
    public Policy denyConnect(String... rules) {
        return new Policy(connect.deny(parse("--deny-connect", rules)), listen);
    }

    /**
     * Allows listens.
     *
     * @param rules where
     * @return this policy, and these rules
     * @throws IllegalArgumentException if one is no rule; or has ports that begin at 0; the message is as in {@link #allowConnect}
     */
    public Policy allowListen(String... rules) {
        return new Policy(connect, listen.allow(parseListen("--allow-listen", rules)));
    }

    /**
     * Denies listens, whatever allows them.
     *
     * @param rules where
     * @return this policy, and these rules
     * @throws IllegalArgumentException if one is no rule; or has ports that begin at 0; the message is as in {@link #allowConnect}
     */
    public Policy denyListen(String... rules) {
        return new Policy(connect, listen.deny(parseListen("--deny-listen", rules)));
    }

    /**
     * Decides on a connect. Whether the address is one of the host's own is left open where it decides, for a policy asks
     * nobody. A reason names the flag that would allow the connect, or the one that denies it.
     *
     * @param to where the guest wants to connect
     * @return the decision
     */
    public Decision connect(Endpoint to) {
        Endpoint reached = to.address() == UNSPECIFIED ? new Endpoint(LOCALHOST.address(), to.port()) : to;
        boolean loopback = LOOPBACK.contains(reached.address());
        Optional<String> denied = connect.denied(
                to,
                rule -> rule.contains(to) || loopback && deniesLoopback(rule, to.port()),
                "for what listens on 0.0.0.0 is reached by every loopback address");
        if (denied.isPresent()) return new Decision.Denied(denied.get());
        Cidr address = new Cidr(to.address(), Integer.SIZE);
        Rule alone = new Rule(address, to.port(), to.port());
        Optional<String> notAllowed = connect.notAllowed(to, Floor.CONNECT, alone);
        if (notAllowed.isPresent()) return new Decision.Denied(notAllowed.get());
        if (loopback) return new Decision.Allowed();
        List<Floor> ofThisHost = new ArrayList<>(Floor.CONNECT);
        ofThisHost.add(new Floor("this address of the host itself", new Rule(address)));
        return connect.notAllowed(to, ofThisHost, alone)
                .<Decision>map(Decision.DeniedIfOwn::new)
                .orElseGet(Decision.Allowed::new);
    }

    private static boolean deniesLoopback(Rule rule, int port) {
        Cidr block = rule.block();
        boolean part = block.within(LOOPBACK) || LOOPBACK.within(block) || block.contains(UNSPECIFIED);
        return part && rule.firstPort() <= port && port <= rule.lastPort();
    }

    /**
     * Decides on a listen.
     *
     * @param at where the guest wants to listen
     * @return why it is denied, as {@link #connect} says it; empty if it is allowed
     */
    public Optional<String> deniesListen(Endpoint at) {
        Optional<String> denied = listen.denied(at, rule -> deniesPart(rule, at), "a part of what it stands for");
        if (denied.isPresent()) return denied;
        Cidr address = new Cidr(at.address(), Integer.SIZE);
        Rule alone = at.port() == 0 ? new Rule(address) : new Rule(address, at.port(), at.port());
        return listen.notAllowed(at, Floor.LISTEN, alone);
    }

    private static boolean deniesPart(Rule rule, Endpoint at) {
        if (at.address() != 0 && !rule.block().contains(at.address())) return false;
        if (at.port() == 0) return rule.lastPort() >= Floor.FIRST_FREE_PORT;
        return rule.firstPort() <= at.port() && at.port() <= rule.lastPort();
    }

    private static Rule[] parse(String flag, String... rules) {
        return Stream.of(rules).map(rule -> parse(flag, rule)).toArray(Rule[]::new);
    }

    private static Rule parse(String flag, String rule) {
        try {
            return Rule.parse(rule);
        } catch (IllegalArgumentException e) {
            String wanted = "a rule is any, an IPv4 address or a CIDR, with an optional :PORT or :PORT-PORT";
            throw new IllegalArgumentException(flag + " " + rule + ": " + e.getMessage() + "; " + wanted, e);
        }
    }

    private static Rule[] parseListen(String flag, String... rules) {
        Rule[] parsed = parse(flag, rules);
        for (Rule rule : parsed) {
            if (rule.firstPort() == 0 && !rule.everyPort()) {
                String wanted = "port 0 is any free port, and only a rule without ports is about that";
                throw new IllegalArgumentException(flag + " " + rule + ": " + wanted);
            }
        }
        return parsed;
    }
}
