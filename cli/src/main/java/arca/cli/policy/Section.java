package arca.cli.policy;

import arca.monitor.config.ControlPoint;
import arca.monitor.config.Limits;
import arca.monitor.config.Profile;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A section of a policy file, as it is written: what it does not say is empty.
 *
 * @param label the guests' label; empty for the default section
 * @param parent the section that this one extends
 * @param sockets the control sockets that it names
 * @param uids the users that it names
 * @param gids the groups that it names
 */
record Section(
        Optional<String> label,
        Optional<String> parent,
        List<ControlPoint> sockets,
        List<Integer> uids,
        List<Integer> gids,
        Rules rules,
        SectionLimits limits,
        Optional<String> reason,
        Optional<OnReload> onReload) {

    /** Rules of the four kinds. */
    record Rules(List<Rule> allowConnect, List<Rule> denyConnect, List<Rule> allowListen, List<Rule> denyListen) {
        static final Rules NONE = new Rules(List.of(), List.of(), List.of(), List.of());

        Policy addTo(Policy policy) {
            return policy.allowConnect(allowConnect)
                    .denyConnect(denyConnect)
                    .allowListen(allowListen)
                    .denyListen(denyListen);
        }
    }

    /** Limits for each guest of a section, and for the number of its guests. */
    record SectionLimits(
            OptionalInt connections,
            OptionalInt listeners,
            OptionalInt waitingAccepts,
            OptionalInt connecting,
            OptionalInt guests) {
        static final SectionLimits NONE = new SectionLimits(
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());

        Limits addTo(Limits limits) {
            Limits.Builder builder = limits.toBuilder();
            connections.ifPresent(builder::connections);
            listeners.ifPresent(builder::listeners);
            waitingAccepts.ifPresent(builder::waitingAccepts);
            connecting.ifPresent(builder::connecting);
            guests.ifPresent(builder::guestsPerUid);
            return builder.build();
        }

        /** Returns the limits in words, such as {@code connections 500}. */
        List<String> words() {
            List<String> words = new ArrayList<>();
            connections.ifPresent(n -> words.add("connections " + n));
            listeners.ifPresent(n -> words.add("listeners " + n));
            waitingAccepts.ifPresent(n -> words.add("waiting_accepts " + n));
            connecting.ifPresent(n -> words.add("connecting " + n));
            guests.ifPresent(n -> words.add("guests " + n));
            return words;
        }
    }

    /** Returns the section's name, as it stands in the file and after {@code extends}. */
    String name() {
        return label.orElse(PolicyFile.DEFAULT);
    }

    /**
     * Returns what holds for the guests of the section.
     *
     * @param inherited the profile of the section that this one extends
     */
    Profile profile(Profile inherited) {
        return new Profile(
                label,
                rules.addTo(inherited.policy()),
                Optional.of(limits.addTo(inherited.limits().orElseThrow())),
                reason.or(inherited::reason),
                onReload.orElse(inherited.onReload()));
    }
}
