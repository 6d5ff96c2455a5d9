package arca.monitor.guest;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.control.Endpoint;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.Profile;
import arca.monitor.config.Profiles;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Reason;
import arca.monitor.reactor.Kernel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Asks the policy that is in force what one guest may do, and reports denials. The policy can be replaced at any time: each
 * request is decided by one policy, the old one or the new one. Loop thread only.
 */
final class Authorizer {
    private final SharedResources shared;
    private final GuestIdentity who;
    private final Kernel kernel;
    private final GuestLog log;
    private final Denials denials = new Denials();
    private Profiles asked; // which profiles the guest's own is from
    private Profile profile;

    Authorizer(SharedResources shared, GuestIdentity who, Kernel kernel, GuestLog log) {
        this.shared = shared;
        this.who = who;
        this.kernel = kernel;
        this.log = log;
    }

    /** Returns what holds for the guest now. */
    Profile profile() {
        Profiles inForce = shared.profiles();
        if (inForce != asked) {
            profile = inForce.of(who);
            asked = inForce;
        }
        return profile;
    }

    /** Returns what the guest may have now. */
    Limits limits() {
        return shared.limits(profile());
    }

    /** Asks whether the guest may do something, and reports a denial. Returns the errno of the reply; 0 if it may. */
    int deny(Operation operation, Endpoint endpoint) {
        Profile inForce = profile();
        int own = 0;
        switch (inForce.policy().verdict(operation, endpoint)) {
            case ALLOWED -> {
                return 0;
            }
            case DENIED_IF_OWN -> {
                own = isOwn(endpoint);
                if (own == 0) return 0;
            }
            case DENIED -> {}
        }
        // Why takes time and memory, so it is asked only for what is reported.
        if (denials.isNew(operation, endpoint)) {
            report(
                    inForce,
                    denied(inForce.policy().decide(operation, endpoint), own).orElseThrow());
        }
        return errno(own);
    }

    /** Asks whether the guest may connect to a name, before it is resolved, and reports a denial. Returns an errno; 0 if it may. */
    int deny(HostName name, int port) {
        if (!(profile().policy().decide(name, port) instanceof Decision.Denied denied)) return 0;
        report(denied);
        return Errno.EACCES;
    }

    /** Reports a denial, unless it is not new. */
    void report(Decision.Denied denied) {
        if (denials.isNew(denied)) report(profile(), denied);
    }

    private static int errno(int own) {
        return own < 0 ? -own : Errno.EACCES;
    }

    private void report(Profile inForce, Decision.Denied denied) {
        denials.add(denied);
        log.report(new GuestEvent.Denied(denied, inForce.label(), inForce.reason()));
        if (denials.isFull()) log.report(new GuestEvent.DenialsOmitted(Denials.MOST));
    }

    /** Returns why the policy that is in force now denies something; empty if it allows it. Reports nothing. */
    Optional<Decision.Denied> review(Permission permission) {
        Policy policy = profile().policy();
        Endpoint endpoint = permission.endpoint();
        Decision decision = permission
                .name()
                .map(name -> policy.decide(name, endpoint))
                .orElseGet(() -> policy.decide(permission.operation(), endpoint));
        return denied(decision, decision instanceof Decision.DeniedIfOwn ? isOwn(endpoint) : 0);
    }

    /**
     * Returns the denial that a decision comes to.
     *
     * @param own what {@link #isOwn} has answered, where the decision depends on it
     */
    private static Optional<Decision.Denied> denied(Decision decision, int own) {
        return switch (decision) {
            case Decision.Allowed _ -> Optional.empty();
            case Decision.Denied denied -> Optional.of(denied);
            case Decision.DeniedIfOwn open when own == 0 -> Optional.empty();
            case Decision.DeniedIfOwn open -> Optional.of(own < 0 ? unknown(open.denied(), -own) : open.denied());
        };
    }

    private static Decision.Denied unknown(Decision.Denied denied, int errno) {
        Reason reason = new Reason.HostUnknown(Errno.describe(errno) + " (rtnetlink(7))");
        return new Decision.Denied(denied.operation(), denied.destination(), reason, denied.remedy());
    }

    /**
     * Asks the kernel whether an address, or the IPv4 address inside it, is one of the host's own.
     *
     * @return 1 if it is, 0 if not, or {@code -errno} if the kernel does not say
     */
    private int isOwn(Endpoint endpoint) {
        int own = kernel.isLocal(address(endpoint));
        if (own != 0) return own;
        return Policy.ipv4Inside(endpoint.address())
                .map(inside -> kernel.isLocal(address(new Endpoint(inside, endpoint.port()))))
                .orElse(0);
    }

    /** Returns an endpoint as the kernel takes it. */
    static SocketAddress.Inet address(Endpoint endpoint) {
        if (endpoint.isIpv4()) return new SocketAddress.IPv4(endpoint.ipv4(), endpoint.port());
        return new SocketAddress.IPv6(
                (Inet6Address) InetAddress.ofLiteral(endpoint.address().toString()), endpoint.port());
    }
}
