package arca.monitor.config;

import arca.monitor.policy.Policy;
import java.util.Optional;

/**
 * What holds for a guest: where it may connect and listen, and how much it may have.
 *
 * @param label the name of the group of guests to which it belongs; the guests of one label share what one user has otherwise.
 *     Empty if the guest belongs to its user alone
 * @param policy where it may connect and listen
 * @param limits what it may have; empty for the {@link MonitorConfig#limits} of the monitor. Only the limits of one guest count here
 * @param reason what the owner of the guest should know about a denial; it is added to each one that is reported
 * @param onReload what happens to its live connections that a new policy does not allow
 */
public record Profile(
        Optional<String> label, Policy policy, Optional<Limits> limits, Optional<String> reason, OnReload onReload) {
    /** What happens to live connections that a new policy does not allow. */
    public enum OnReload {
        /** They go on. */
        KEEP,
        /** They are reset. */
        CUT
    }

    /**
     * Creates a profile that has only a policy.
     *
     * @param policy where a guest may connect and listen
     */
    public Profile(Policy policy) {
        this(Optional.empty(), policy, Optional.empty(), Optional.empty(), OnReload.KEEP);
    }
}
