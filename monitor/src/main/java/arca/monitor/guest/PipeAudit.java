package arca.monitor.guest;

import arca.monitor.ledger.Principal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Takes back the pipe memory that guests have taken from each other. A guest may enlarge its pipes with F_SETPIPE_SZ, fcntl(2),
 * and the kernel counts that against the monitor's user. No event reports it. So when the kernel grants less for a pipe than the
 * ledger has, every guest makes its pipes as small again as they were, in its own thread, because a guest can hold the lock of its
 * pipes. A guest offends if its pipes are too full for that, or if it has enlarged them again after an earlier audit. Of the user
 * whose guests' offences are largest, these guests are cut, unless that user's own guest has asked for the audit: guests of one
 * user have one share together.
 *
 * <p>There is one audit at a time. After one that has found nothing there is a pause: other programs of the monitor's user
 * have taken the memory then. Any thread; no lock is held during a system call.
 */
final class PipeAudit {
    /** How long connections wait for guests that do not answer. Such a guest is stuck, or embedded and not driven. */
    static final long PATIENCE_NANOS = 100_000_000;

    private static final long PAUSE_NANOS = 1_000_000_000;

    /** A guest, as the audit sees it. */
    interface Member {
        /** Runs a task in the guest's thread, unless the guest ends before. Any thread. */
        void post(Runnable task);

        Principal user();

        /** Makes the guest's pipes as small as they were. In its thread. */
        Growth takeBack();

        /** Ends the guest, because of its offence. In its thread. */
        void cut(long bytes);

        /** Notes that the audit for which the guest's connections wait is over. In its thread. */
        void auditEnded();
    }

    /**
     * By how much the pipes of a guest had grown.
     *
     * @param bytes all of it
     * @param offence the part that leads to a cut
     */
    record Growth(long bytes, long offence) {}

    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private Optional<Round> underWay = Optional.empty(); // guarded by this, as is the rest
    private boolean pauses;
    private long pauseEnd;

    /** One audit. */
    static final class Round {
        private final Set<Member> unanswered;
        private final Map<Member, Long> offences = new HashMap<>();
        private final Principal asker;
        private final List<Member> waiting = new ArrayList<>();
        private boolean foundGrowth;

        private Round(Principal asker, Set<Member> asked) {
            this.asker = asker;
            unanswered = new HashSet<>(asked);
        }
    }

    void join(Member member) {
        members.add(member);
    }

    void leave(Member member) {
        members.remove(member);
    }

    /**
     * Begins an audit, or waits for the one that is under way.
     *
     * @param member the guest that waits
     * @param now the time, by {@link System#nanoTime}
     * @return the audit, at whose end the guest is told; empty during a pause
     */
    Optional<Round> begin(Member member, long now) {
        Round round;
        List<Member> asked;
        synchronized (this) {
            if (underWay.isPresent()) {
                underWay.get().waiting.add(member);
                return underWay;
            }
            if (pauses && now - pauseEnd < 0) return Optional.empty();
            round = new Round(member.user(), members);
            asked = List.copyOf(round.unanswered);
            round.waiting.add(member);
            underWay = Optional.of(round);
        }
        asked.forEach(each -> each.post(() -> answer(round, each, each.takeBack(), now)));
        return Optional.of(round);
    }

    private void answer(Round round, Member member, Growth growth, long now) {
        synchronized (this) {
            round.unanswered.remove(member);
            round.foundGrowth |= growth.bytes() > 0;
            if (growth.offence() > 0 && member.user() != round.asker) round.offences.put(member, growth.offence());
            if (!round.unanswered.isEmpty()) return;
        }
        end(round, now);
    }

    /** Ends an audit, also if guests have not answered. Does nothing if it has ended. */
    void end(Round round, long now) {
        Map<Member, Long> cuts;
        synchronized (this) {
            if (underWay.isEmpty() || underWay.get() != round) return;
            underWay = Optional.empty();
            pauses = !round.foundGrowth;
            pauseEnd = now + PAUSE_NANOS;
            cuts = ofTheWorstUser(round.offences);
        }
        cuts.forEach((member, bytes) -> member.post(() -> member.cut(bytes)));
        round.waiting.forEach(member -> member.post(member::auditEnded));
    }

    private static Map<Member, Long> ofTheWorstUser(Map<Member, Long> offences) {
        Map<Principal, Long> users = new HashMap<>();
        offences.forEach((member, bytes) -> users.merge(member.user(), bytes, Long::sum));
        Map<Member, Long> worst = new HashMap<>(offences);
        users.entrySet().stream()
                .max(Comparator.comparingLong(Map.Entry::getValue))
                .ifPresent(user -> worst.keySet().removeIf(member -> member.user() != user.getKey()));
        return worst;
    }
}
