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
 * Finds the guest that has taken the pipe memory of the others. A guest may enlarge its pipes with F_SETPIPE_SZ, fcntl(2), and the
 * kernel counts that against the monitor's user. No event reports it. So when the kernel grants less for a pipe than the ledger has,
 * all guests measure their pipes, each in its own thread, because a guest can hold the lock of its pipes. Of the user whose pipes
 * have grown most, the guest whose pipes have grown most is cut.
 *
 * <p>There is one audit at a time, and a pause after each: where other programs of the monitor's user have taken the memory, an
 * audit finds nobody. Any thread; no lock is held during a system call.
 */
final class PipeAudit {
    /** How long those who wait for an audit wait for guests that do not answer. Such a guest is stuck, or embedded and not driven. */
    static final long PATIENCE_NANOS = 100_000_000;

    private static final long PAUSE_NANOS = 1_000_000_000;

    /** A guest, as the audit sees it. */
    interface Member {
        /** Runs a task in the guest's thread, unless the guest ends before. Any thread. */
        void post(Runnable task);

        Principal user();

        /** Returns how many bytes the guest's pipes have grown by. In its thread. */
        long measure();

        /** Ends the guest, because its pipes have grown. In its thread. */
        void cut(long bytes);

        /** Notes that the audit for which the guest waits is over. In its thread. */
        void auditEnded();
    }

    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private Optional<Round> underWay = Optional.empty(); // guarded by this, as is the rest
    private boolean hasEnded;
    private long endedAt;

    /** One audit. */
    final class Round {
        private final Set<Member> unanswered;
        private final Map<Member, Long> grown = new HashMap<>();
        private final List<Member> waiting = new ArrayList<>();

        private Round(Set<Member> asked) {
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
     * @return the audit, at whose end the guest is told; empty if the last one ended a moment ago
     */
    Optional<Round> begin(Member member, long now) {
        Round round;
        synchronized (this) {
            if (underWay.isPresent()) {
                underWay.get().waiting.add(member);
                return underWay;
            }
            if (hasEnded && now - endedAt < PAUSE_NANOS) return Optional.empty();
            round = new Round(members);
            round.waiting.add(member);
            underWay = Optional.of(round);
        }
        for (Member each : List.copyOf(round.unanswered)) each.post(() -> answer(round, each, each.measure(), now));
        return Optional.of(round);
    }

    private void answer(Round round, Member member, long bytes, long now) {
        synchronized (this) {
            round.unanswered.remove(member);
            if (bytes > 0) round.grown.put(member, bytes);
            if (!round.unanswered.isEmpty()) return;
        }
        end(round, now);
    }

    /** Ends an audit, also if guests have not answered. Does nothing if it has ended. */
    void end(Round round, long now) {
        synchronized (this) {
            if (underWay.isEmpty() || underWay.get() != round) return;
            underWay = Optional.empty();
            hasEnded = true;
            endedAt = now;
        }
        Runnable tell = () -> round.waiting.forEach(member -> member.post(member::auditEnded));
        Optional<Member> worst = worst(round.grown);
        worst.ifPresentOrElse(
                member -> member.post(() -> {
                    member.cut(round.grown.get(member));
                    tell.run();
                }),
                tell);
    }

    private static Optional<Member> worst(Map<Member, Long> grown) {
        Map<Principal, Long> users = new HashMap<>();
        grown.forEach((member, bytes) -> users.merge(member.user(), bytes, Long::sum));
        return grown.keySet().stream()
                .max(Comparator.<Member>comparingLong(member -> users.get(member.user()))
                        .thenComparingLong(grown::get));
    }
}
