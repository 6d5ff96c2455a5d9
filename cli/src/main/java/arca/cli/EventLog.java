package arca.cli;

import arca.monitor.config.SystemLimit;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.MonitorObserver;
import arca.monitor.policy.Decision;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Reason;
import arca.monitor.policy.Rule;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs what happens with guests, and which option of {@code arca monitor} would change it. */
final class EventLog implements MonitorObserver {
    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final long PAGE = 4096;
    private static final long MIB = 1 << 20;

    private final boolean hasPolicyFile;

    /**
     * Creates a log.
     *
     * @param hasPolicyFile whether rules are written in a file; else they are options
     */
    EventLog(boolean hasPolicyFile) {
        this.hasPolicyFile = hasPolicyFile;
    }

    @Override
    public void guestEvent(String guest, GuestEvent event) {
        if (event.isWarning()) LOG.warn("{}: {}{}", guest, event, advice(event));
        else LOG.info("{}: {}{}", guest, event, advice(event));
    }

    /** Logs a limit of the system that is too low, and what to raise. */
    static void systemLimit(SystemLimit limit) {
        LOG.warn("{}: {}", limit, advice(limit));
    }

    /** Returns what follows the limit in its line. */
    static String advice(SystemLimit limit) {
        return switch (limit) {
            case SystemLimit.Descriptors d ->
                "raise the limit of this process to " + d.enough() + " (ulimit -n, LimitNOFILE=)" + share(d.share())
                        + lower(d.demand());
            case SystemLimit.PipeMemory p -> raiseUserPipes(p.configured()) + ", or lower --pipe-memory";
            case SystemLimit.Pipes p ->
                switch (p.bound()) {
                            case CONFIGURED, MEMORY -> "raise --pipe-memory to " + Math.ceilDiv(p.enough(), MIB) + "M";
                            case USER -> raiseUserPipes(p.enough());
                        }
                        + share(p.share())
                        + lower(p.demand());
            case SystemLimit.Threads t ->
                switch (t.bound()) {
                            case USER -> "raise it to " + t.needed() + " (ulimit -u, LimitNPROC=)";
                            case CGROUP -> "raise it to " + t.needed() + " (pids.max, TasksMax=)";
                        }
                        + lower(SystemLimit.Demand.ALL_GUESTS);
        };
    }

    private static String raiseUserPipes(long bytes) {
        return "raise fs.pipe-user-pages-soft to " + Math.ceilDiv(bytes, PAGE) + ", or grant CAP_SYS_RESOURCE";
    }

    private static String share(OptionalInt share) {
        return share.isPresent() ? ", or raise --share to " + share.getAsInt() : "";
    }

    private static String lower(SystemLimit.Demand demand) {
        return switch (demand) {
            case ONE_GUEST -> ", or lower --max-connections";
            case ALL_GUESTS -> ", or lower --max-guests";
        };
    }

    /** Returns what follows the event in its line. */
    String advice(GuestEvent event) {
        return switch (event) {
            case GuestEvent.Denied denied ->
                advice(denied.denial(), denied.label())
                        + denied.advice().map(text -> "; " + text).orElse("");
            case GuestEvent.NoLongerAllowed _ -> "";
            case GuestEvent.DenialsOmitted _ -> "";
            case GuestEvent.TooManyStarts _ -> " (--share)";
            case GuestEvent.TooManyGuests _ -> " (--max-guests, --max-guests-per-uid, --share)";
            case GuestEvent.PrivilegedUser _ ->
                "; run guests as another user, and let them in with --control-group (this is logged once)";
            case GuestEvent.Wedged wedged ->
                wedged.killing() ? "" : ": kill the process that holds the lock, or start with --wedge kill";
            case GuestEvent.SmallPipes _ -> "; raise fs.pipe-user-pages-soft or --pipe-memory";
            case GuestEvent.OrphanCut _ -> " (--max-guests, --share)";
            case GuestEvent.PipesTakenBack _, GuestEvent.PipesGrown _ ->
                "; raise fs.pipe-user-pages-soft, or grant CAP_SYS_RESOURCE";
            case GuestEvent.PeerSilent _ -> " (--linger)";
        };
    }

    /** Returns where the rule that denies was written, or how to allow what no rule allows. */
    private String advice(Decision.Denied denial, Optional<String> label) {
        String operation = operation(denial.operation());
        return writtenAt(denial.reason())
                + denial.remedy()
                        .map(rule -> "; allow it with " + howToAllow(operation, rule, label))
                        .orElse("");
    }

    private String howToAllow(String operation, Rule rule, Optional<String> label) {
        if (!hasPolicyFile) return "--allow-" + operation + " " + rule;
        String section = label.map(name -> "[guest." + name + "]").orElse("[default]");
        return operation + ".allow = [\"" + rule + "\"] in " + section;
    }

    private static String writtenAt(Reason reason) {
        return switch (reason) {
            case Reason.DenyRule(Rule rule) -> writtenAt(rule);
            case Reason.OverlappingRule(Rule rule) -> writtenAt(rule);
            case Reason.DeniesInside inside -> writtenAt(inside.rule());
            case Reason.ResolvesToDenied resolved -> writtenAt(resolved.reason());
            case Reason.NoRule _, Reason.NotNamed _, Reason.ResolvesToProtected _, Reason.HostUnknown _ -> "";
        };
    }

    private static String writtenAt(Rule rule) {
        return rule.origin().isEmpty() ? "" : " (" + rule.origin() + ")";
    }

    private static String operation(Operation operation) {
        return switch (operation) {
            case CONNECT -> "connect";
            case LISTEN -> "listen";
        };
    }
}
