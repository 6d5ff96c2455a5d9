package arca.monitor.policy;

import arca.control.Endpoint;
import arca.control.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Decides where guests may connect and listen: only where a rule allows it and no rule denies it. Immutable, for any thread.
 *
 * <p>A {@link Rule} is for addresses or for host names. A rule for names decides on connects by name alone, and a rule for
 * addresses decides on those by address. A connect by name is judged twice. The name needs a rule that allows it; otherwise it
 * is denied before anybody is asked for its addresses. Then each address that the name resolves to is judged: no rule may deny
 * it, and in a protected range it needs a rule that names the range. Elsewhere, the rule for the name is enough.
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
 *       240.0.0.0/4; 168.63.129.16, where Azure has its metadata; multicast and broadcast addresses; of IPv6 ::, ::1, ::/96,
 *       ::ffff:0:0:0/96, 64:ff9b:1::/48 (except its first 96 bits), fe80::/10, fec0::/10, fc00::/7 and ff00::/8; port 0; and each
 *       address of the host itself.
 *   <li>For listens: multicast, reserved and broadcast addresses, and ports below 1024.
 * </ul>
 *
 * <p>Some IPv6 addresses have an IPv4 address inside them: those of NAT64 (64:ff9b::/96 and 64:ff9b:1::/96), of 6to4 (2002::/16)
 * and of Teredo (2001::/32). Such an address also lies in the protected ranges of the IPv4 address, and is denied by each rule
 * that denies the IPv4 address. An IPv4 address that is mapped to IPv6 is that IPv4 address.
 *
 * <p>Some endpoints stand for others. A listener on 0.0.0.0 listens on every IPv4 address of the host, and one on ::
 * on every address. A listener on port 0 gets any free port from 1024 up. A connect to 0.0.0.0 goes to 127.0.0.1, and one to ::
 * goes to ::1. A deny rule applies to such an endpoint if it denies
 * any of the endpoints that it stands for. Only a rule without ports allows a listener on port 0.
 *
 * <p>A service that listens on :: can be reached at every address of the host. So a rule that denies connects to a part
 * of loopback, to 0.0.0.0 or to ::, denies its ports on all of loopback, of IPv4 and of IPv6. It does not deny them on the host's other addresses, and
 * a rule that denies one of these does not deny the others. This is safe, because each of these addresses is reached only by
 * a rule that names it alone. To deny it, deny that address.
 */
public final class Policy {
    /** Allows nothing. */
    public static final Policy NOTHING = new Policy(RuleSet.EMPTY, RuleSet.EMPTY);

    private static final Cidr LOOPBACK = Cidr.parse("127.0.0.0/8");
    private static final IpAddress LOOPBACK_6 = IpAddress.parse("::1");
    private static final IpAddress UNSPECIFIED = new IpAddress(0);
    private static final IpAddress UNSPECIFIED_6 = new IpAddress(0, 0);

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
     * @throws RuleSyntaxException if one is not a rule
     */
    public Policy allowConnect(String... rules) {
        return allowConnect(parse(rules));
    }

    /**
     * Allows connects.
     *
     * @param rules where
     * @return a copy of this policy with these rules added
     */
    public Policy allowConnect(Collection<Rule> rules) {
        return new Policy(connect.allow(List.copyOf(rules)), listen);
    }

    /**
     * Denies connects, whatever allows them.
     *
     * @param rules where, as text: see {@link Rule}
     * @return a copy of this policy with these rules added
     * @throws RuleSyntaxException if one is not a rule
     */
    public Policy denyConnect(String... rules) {
        return denyConnect(parse(rules));
    }

    /**
     * Denies connects, whatever allows them.
     *
     * @param rules where
     * @return a copy of this policy with these rules added
     */
    public Policy denyConnect(Collection<Rule> rules) {
        return new Policy(connect.deny(List.copyOf(rules)), listen);
    }

    /**
     * Allows listens.
     *
     * @param rules where, as text: see {@link #checkListen}
     * @return a copy of this policy with these rules added
     * @throws RuleSyntaxException if one is not a rule for listens
     */
    public Policy allowListen(String... rules) {
        return allowListen(parse(rules));
    }

    /**
     * Allows listens.
     *
     * @param rules where
     * @return a copy of this policy with these rules added
     * @throws RuleSyntaxException if {@link #checkListen} refuses one
     */
    public Policy allowListen(Collection<Rule> rules) {
        rules.forEach(Policy::checkListen);
        return new Policy(connect, listen.allow(List.copyOf(rules)));
    }

    /**
     * Denies listens, whatever allows them.
     *
     * @param rules where, as text: see {@link #checkListen}
     * @return a copy of this policy with these rules added
     * @throws RuleSyntaxException if one is not a rule for listens
     */
    public Policy denyListen(String... rules) {
        return denyListen(parse(rules));
    }

    /**
     * Denies listens, whatever allows them.
     *
     * @param rules where
     * @return a copy of this policy with these rules added
     * @throws RuleSyntaxException if {@link #checkListen} refuses one
     */
    public Policy denyListen(Collection<Rule> rules) {
        rules.forEach(Policy::checkListen);
        return new Policy(connect, listen.deny(List.copyOf(rules)));
    }

    /**
     * Checks that a rule can decide on listens: that it is for addresses, and that its ports do not begin at 0, unless it is for
     * all of them.
     *
     * @param rule the rule
     * @throws RuleSyntaxException if it cannot
     */
    public static void checkListen(Rule rule) {
        if (rule.isForNames()) {
            throw new RuleSyntaxException(
                    rule.toString(), 0, "host names are for connects alone: a guest listens on an address");
        }
        if (rule.firstPort() == 0 && !rule.everyPort()) {
            throw new RuleSyntaxException(
                    rule.toString(), 0, "port 0 means any free port, and only a rule without ports decides on that");
        }
    }

    /**
     * Returns how many rules there are.
     *
     * @return the number, 0 for a policy that allows nothing
     */
    public int size() {
        return Stream.of(connect.allow(), connect.deny(), listen.allow(), listen.deny())
                .mapToInt(List::size)
                .sum();
    }

    /** Returns whether another policy has the same rules, in the same order and written in the same places. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Policy policy && connect.equals(policy.connect) && listen.equals(policy.listen);
    }

    @Override
    public int hashCode() {
        return Objects.hash(connect, listen);
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
        return switch (operation) {
            case CONNECT -> decideConnect(endpoint);
            case LISTEN -> decideListen(endpoint);
        };
    }

    /**
     * Decides on an operation, as {@link #decide(Operation, Endpoint)} does. Allocates nothing for an IPv4 address, because a guest
     * may ask again and again.
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

    /**
     * Decides on a connect by name, before the name is resolved.
     *
     * @param name the name that the guest gave
     * @param port 0 to 65535
     * @return the decision; if it is Allowed, each address of the name is still to be judged
     */
    public Decision decide(HostName name, int port) {
        Optional<Rule> denying = connect.denying(name, port);
        Optional<Rule> allowing = connect.allowing(name, port);
        if (denying.isEmpty() && allowing.isPresent()) return new Decision.Allowed(allowing.get());
        Reason reason = denying.<Reason>map(Reason.DenyRule::new).orElseGet(Reason.NoRule::new);
        Optional<Rule> remedy =
                denying.isPresent() ? Optional.empty() : Optional.of(new Rule(new HostPattern(name, false), port));
        return new Decision.Denied(Operation.CONNECT, Destination.of(name, port), reason, remedy);
    }

    /**
     * Decides on an address to which a name has been resolved.
     *
     * @param name the name that the guest gave
     * @param to the address, and the port that the guest gave
     * @return the decision
     */
    public Decision decide(HostName name, Endpoint to) {
        Decision ofName = decide(name, to.port());
        if (!(ofName instanceof Decision.Allowed(Rule rule))) return ofName;
        int denying = connect.denying(to, Policy::deniesConnect);
        Destination destination = Destination.of(name, to);
        if (denying >= 0) {
            Reason reason = new Reason.ResolvesToDenied(
                    to.address(), denies(connect.deny().get(denying), to));
            return new Decision.Denied(Operation.CONNECT, destination, reason, Optional.empty());
        }
        if (isNamed(to, rangesIfOwn(to))) return new Decision.Allowed(rule);
        List<ProtectedRange> ranges = new ArrayList<>();
        boolean isOpen = isNamed(to, ProtectedRange.CONNECT);
        for (ProtectedRange range : isOpen ? rangesIfOwn(to) : ProtectedRange.CONNECT) {
            if (range.contains(to)) ranges.add(range);
        }
        Decision.Denied denied = new Decision.Denied(
                Operation.CONNECT,
                destination,
                new Reason.ResolvesToProtected(to.address(), unnamed(connect.holding(to), ranges)),
                Optional.of(new Rule(new Cidr(to.address()), to.port())));
        return isOpen ? new Decision.DeniedIfOwn(denied, rule) : denied;
    }

    /** Returns whether an endpoint lies in none of some ranges, or whether an allow rule names all that it lies in. */
    private boolean isNamed(Endpoint to, List<ProtectedRange> ranges) {
        return ranges.stream().noneMatch(range -> range.contains(to)) || connect.allowing(to, ranges, false) >= 0;
    }

    /**
     * Returns the IPv4 address to which a translator or a tunnel sends packets for an IPv6 address: NAT64, 6to4, Teredo.
     *
     * @param address an address
     * @return the IPv4 address inside it; empty if there is none
     */
    public static Optional<IpAddress> ipv4Inside(IpAddress address) {
        return Embedding.ipv4(address);
    }

    // Connects by address.

    private Verdict connect(Endpoint to) {
        if (connect.denying(to, Policy::deniesConnect) >= 0) return Verdict.DENIED;
        if (connect.allowing(to, ProtectedRange.CONNECT, false) < 0) return Verdict.DENIED;
        if (isLoopback(to) || connect.allowing(to, ProtectedRange.CONNECT, true) >= 0) return Verdict.ALLOWED;
        return Verdict.DENIED_IF_OWN;
    }

    private Decision decideConnect(Endpoint to) {
        return switch (connect(to)) {
            case ALLOWED -> allowed(connect, to, ProtectedRange.CONNECT, !isLoopback(to));
            case DENIED -> connectDenial(to, ProtectedRange.CONNECT);
            case DENIED_IF_OWN ->
                new Decision.DeniedIfOwn(
                        connectDenial(to, rangesIfOwn(to)),
                        allowed(connect, to, ProtectedRange.CONNECT, false).rule());
        };
    }

    private static Decision.Allowed allowed(RuleSet rules, Endpoint to, List<ProtectedRange> ranges, boolean alone) {
        return new Decision.Allowed(rules.allow().get(rules.allowing(to, ranges, alone)));
    }

    /** Returns the protected ranges for a connect, if the address is one of the host's own. */
    private static List<ProtectedRange> rangesIfOwn(Endpoint to) {
        if (isLoopback(to)) return ProtectedRange.CONNECT;
        List<ProtectedRange> ranges = new ArrayList<>(ProtectedRange.CONNECT);
        ranges.add(ProtectedRange.ofHost(to.address()));
        return ranges;
    }

    private Decision.Denied connectDenial(Endpoint to, List<ProtectedRange> ranges) {
        Rule remedy = new Rule(new Cidr(to.address()), to.port());
        return denial(Operation.CONNECT, connect, to, Policy::deniesConnect, ranges, remedy);
    }

    private static boolean deniesConnect(Rule rule, Endpoint to) {
        return deniesAddress(rule, to) || !to.isIpv4() && deniesInside(rule, to);
    }

    private static boolean deniesAddress(Rule rule, Endpoint to) {
        return rule.contains(to) || isLoopback(to) && deniesLoopback(rule, to.port());
    }

    private static boolean deniesInside(Rule rule, Endpoint to) {
        return Embedding.ipv4(to.address())
                .filter(inside -> deniesAddress(rule, new Endpoint(inside, to.port())))
                .isPresent();
    }

    /** Returns whether a connect reaches loopback. One to 0.0.0.0 goes to 127.0.0.1, and one to :: goes to ::1. */
    private static boolean isLoopback(Endpoint to) {
        if (to.isIpv4()) return LOOPBACK.contains(to.high(), to.low()) || isAt(to, UNSPECIFIED);
        return isAt(to, LOOPBACK_6) || isAt(to, UNSPECIFIED_6);
    }

    private static boolean isAt(Endpoint endpoint, IpAddress address) {
        return endpoint.high() == address.high() && endpoint.low() == address.low();
    }

    private static boolean deniesLoopback(Rule rule, int port) {
        return rule.containsPort(port) && rule.where() instanceof Cidr block && isPartOfLoopback(block);
    }

    private static boolean isPartOfLoopback(Cidr block) {
        if (!block.isIpv4()) return block.contains(LOOPBACK_6) || block.contains(UNSPECIFIED_6);
        return block.within(LOOPBACK) || LOOPBACK.within(block) || block.contains(UNSPECIFIED);
    }

    // Listens.

    private Verdict listen(Endpoint at) {
        if (listen.denying(at, Policy::deniesPart) >= 0) return Verdict.DENIED;
        return listen.allowing(at, ProtectedRange.LISTEN, false) >= 0 ? Verdict.ALLOWED : Verdict.DENIED;
    }

    private Decision decideListen(Endpoint at) {
        if (listen(at) == Verdict.ALLOWED) return allowed(listen, at, ProtectedRange.LISTEN, false);
        Cidr address = new Cidr(at.address());
        Rule remedy = at.port() == 0 ? new Rule(address) : new Rule(address, at.port());
        return denial(Operation.LISTEN, listen, at, Policy::deniesPart, ProtectedRange.LISTEN, remedy);
    }

    private static boolean deniesPart(Rule rule, Endpoint at) {
        if (!rule.where().contains(at.high(), at.low()) && !isPartOfWildcard(rule, at)) return false;
        if (at.port() == 0) return rule.lastPort() >= ProtectedRange.FIRST_FREE_PORT;
        return rule.containsPort(at.port());
    }

    /** Returns whether a listener on 0.0.0.0 or :: listens on addresses of a rule. One on :: listens for IPv4, too. */
    private static boolean isPartOfWildcard(Rule rule, Endpoint at) {
        if (!(rule.where() instanceof Cidr block)) return false;
        return isAt(at, UNSPECIFIED_6) || isAt(at, UNSPECIFIED) && block.isIpv4();
    }

    // Why something is denied.

    /**
     * Returns why an endpoint is denied, which it must be.
     *
     * @param ranges the protected ranges
     * @param remedy the rule that allows the endpoint and nothing else
     */
    private static Decision.Denied denial(
            Operation operation,
            RuleSet rules,
            Endpoint endpoint,
            RuleSet.Denies denies,
            List<ProtectedRange> ranges,
            Rule remedy) {
        Destination destination = Destination.of(endpoint);
        int denying = rules.denying(endpoint, denies);
        if (denying >= 0) {
            Reason reason = denies(rules.deny().get(denying), endpoint);
            return new Decision.Denied(operation, destination, reason, Optional.empty());
        }
        List<Rule> holding = rules.holding(endpoint);
        List<ProtectedRange> toName =
                ranges.stream().filter(range -> range.contains(endpoint)).toList();
        Reason reason = holding.isEmpty() ? new Reason.NoRule() : new Reason.NotNamed(unnamed(holding, toName));
        return new Decision.Denied(operation, destination, reason, Optional.of(remedy));
    }

    /** Returns in which way a rule denies an endpoint, which it must do. */
    private static Reason denies(Rule rule, Endpoint endpoint) {
        if (rule.contains(endpoint)) return new Reason.DenyRule(rule);
        Optional<IpAddress> inside = Embedding.ipv4(endpoint.address());
        if (inside.isEmpty()) return new Reason.OverlappingRule(rule);
        return new Reason.DeniesInside(rule, inside.get());
    }

    /** Returns the ranges that no rule names; all of them if each is named, but not all by one rule. */
    private static List<ProtectedRange> unnamed(List<Rule> holding, List<ProtectedRange> toName) {
        List<ProtectedRange> unnamed = toName.stream()
                .filter(range -> holding.stream().noneMatch(range::isNamedBy))
                .toList();
        return unnamed.isEmpty() ? toName : unnamed;
    }

    private static List<Rule> parse(String... rules) {
        return Stream.of(rules).map(Rule::parse).toList();
    }
}
