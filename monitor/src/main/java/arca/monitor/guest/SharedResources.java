package arca.monitor.guest;

import arca.control.IdAllocator;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.Profile;
import arca.monitor.config.Profiles;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.PrincipalId;
import arca.monitor.lookup.Lookups;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Holds what all guests of one monitor share. Any thread may use any part; no part makes a thread wait. */
public final class SharedResources {
    final MonitorConfig config;
    private volatile Profiles profiles; // in force
    final IdAllocator listenerIds = new IdAllocator();
    final IdAllocator connectionIds = new IdAllocator();
    final IdAllocator pipeIds = new IdAllocator();

    public final RateLimitedLog log;

    /** Whether the log says that pipes are smaller than configured. One line is enough for all guests. */
    final AtomicBoolean smallPipesLogged = new AtomicBoolean();

    /** Finds the guest that has taken the pipe memory of the others. */
    final PipeAudit pipeAudit = new PipeAudit();

    /** Creates the object through which one loop calls the operating system. */
    final Supplier<Kernel> kernels;

    /** Hands out what all guests share. */
    public final Ledger ledger;

    /** Resolves host names for all guests. */
    public final Lookups lookups;

    /**
     * Creates the resources of a monitor on Linux.
     *
     * @param ledger hands out what guests share
     */
    public SharedResources(MonitorConfig config, Ledger ledger) {
        this(config, ledger, LinuxKernel::new);
    }

    /** Creates the resources of a monitor whose loops use other kernels. Each loop closes its own. */
    public SharedResources(MonitorConfig config, Ledger ledger, Supplier<Kernel> kernels) {
        this.ledger = ledger;
        this.lookups = new Lookups(config.resolver());
        this.config = config;
        this.profiles = config.profiles();
        this.log = new RateLimitedLog(config.observer());
        this.kernels = kernels;
    }

    /** Returns the profiles that are in force. */
    Profiles profiles() {
        return profiles;
    }

    /** Returns what holds for a guest now. */
    public Profile profile(GuestIdentity guest) {
        return profiles.of(guest);
    }

    /** Returns what the guest may have now. */
    public Limits limits(Profile profile) {
        return profile.limits().orElse(config.limits());
    }

    /** Returns the log of a guest. */
    public GuestLog log(String guest, Profile profile, int uid) {
        return log.of(
                guest + profile.label().map(label -> " (" + label + ")").orElse(""),
                ledger.principal(principal(profile, uid)));
    }

    /** Returns with whom a guest shares. */
    public static PrincipalId principal(Profile profile, int uid) {
        return profile.label().<PrincipalId>map(PrincipalId.Label::new).orElseGet(() -> new PrincipalId.User(uid));
    }

    /** Puts other profiles in force. Each request that a guest's loop handles from now on is decided by them. */
    public void profiles(Profiles other) {
        this.profiles = other;
    }
}
