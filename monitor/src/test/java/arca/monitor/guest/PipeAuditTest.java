package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.guest.PipeAudit.Growth;
import arca.monitor.guest.PipeAudit.Member;
import arca.monitor.guest.PipeAudit.Round;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Principal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whom an audit asks, cuts and tells. */
class PipeAuditTest {
    private static final long NOW = Long.MAX_VALUE; // the clock may overflow: System.nanoTime()
    private static final long SECOND = 1_000_000_000;
    private static final Growth NONE = new Growth(0, 0);

    private final PipeAudit audit = new PipeAudit();
    private final Ledger ledger = Ledgers.ample();
    private final List<String> happened = new ArrayList<>();

    /** A guest whose thread runs its tasks at once, unless it is stuck. */
    private final class TestMember implements Member {
        private final String name;
        private final Principal user;
        private final Growth growth;
        private final boolean isStuck;

        TestMember(String name, int uid, Growth growth, boolean isStuck) {
            this.name = name;
            this.user = ledger.principal(Ledgers.user(uid));
            this.growth = growth;
            this.isStuck = isStuck;
            audit.join(this);
        }

        @Override
        public void post(Runnable task) {
            if (!isStuck) task.run();
        }

        @Override
        public Principal user() {
            return user;
        }

        @Override
        public Growth takeBack() {
            return growth;
        }

        @Override
        public void cut(long bytes) {
            happened.add(name + " cut for " + bytes);
        }

        @Override
        public void auditEnded() {
            happened.add(name + " told");
        }
    }

    private TestMember member(String name, int uid, Growth growth) {
        return new TestMember(name, uid, growth, false);
    }

    @Test
    void nobodyIsCutForGrowthThatWasTakenBack() {
        TestMember asker = member("asker", 1, NONE);
        member("grown", 2, new Growth(4096, 0));
        assertTrue(audit.begin(asker, NOW).isPresent());
        assertEquals(List.of("asker told"), happened);
        assertTrue(audit.begin(asker, NOW).isPresent(), "there is no pause after an audit that has found something");
    }

    @Test
    void offendersOfTheWorstUserAreCut() {
        TestMember asker = member("asker", 1, NONE);
        member("first of two", 2, new Growth(60, 60));
        member("second of two", 2, new Growth(50, 50));
        member("innocent", 2, new Growth(500, 0));
        member("less", 3, new Growth(100, 100));
        audit.begin(asker, NOW);
        assertEquals(
                List.of("asker told", "first of two cut for 60", "second of two cut for 50"),
                happened.stream().sorted().toList());
    }

    @Test
    void guestsOfTheAskersUserAreNotCut() {
        TestMember asker = member("asker", 1, NONE);
        member("grown", 1, new Growth(60, 60));
        audit.begin(asker, NOW);
        assertEquals(List.of("asker told"), happened);
    }

    @Test
    void auditThatFindsNothingIsFollowedByAPause() {
        TestMember asker = member("asker", 1, NONE);
        assertTrue(audit.begin(asker, NOW).isPresent());
        assertTrue(audit.begin(asker, NOW + SECOND - 1).isEmpty());
        assertTrue(audit.begin(asker, NOW + SECOND).isPresent());
    }

    @Test
    void guestThatDoesNotAnswerHoldsUpNobodyForLong() {
        TestMember asker = member("asker", 1, NONE);
        TestMember other = member("other", 2, NONE);
        new TestMember("stuck", 3, new Growth(60, 60), true);
        Round round = audit.begin(asker, NOW).orElseThrow();
        assertEquals(round, audit.begin(other, NOW).orElseThrow(), "there is one audit at a time");
        assertEquals(List.of(), happened);
        audit.end(round, NOW);
        audit.end(round, NOW);
        assertEquals(List.of("asker told", "other told"), happened);
    }

    @Test
    void guestThatHasEndedIsNotAsked() {
        TestMember asker = member("asker", 1, NONE);
        TestMember gone = new TestMember("gone", 2, new Growth(60, 60), true);
        audit.leave(gone);
        audit.begin(asker, NOW);
        assertEquals(List.of("asker told"), happened);
    }
}
