package arca.monitor.config;

import arca.monitor.policy.Policy;

/**
 * Chooses what holds for a guest. Any thread may ask, at any time; the answer depends on the guest alone, and must come at once,
 * because the guest's loop waits for it.
 */
@FunctionalInterface
public interface Profiles {
    /**
     * Returns what holds for a guest.
     *
     * @param guest who it is
     * @return its profile
     */
    Profile of(GuestIdentity guest);

    /**
     * Returns the same profile for each guest.
     *
     * @param policy where guests may connect and listen
     * @return profiles with this policy, and nothing else
     */
    static Profiles same(Policy policy) {
        return new Same(new Profile(policy));
    }

    /**
     * The same profile for each guest.
     *
     * @param profile the profile
     */
    record Same(Profile profile) implements Profiles {
        @Override
        public Profile of(GuestIdentity guest) {
            return profile;
        }
    }
}
