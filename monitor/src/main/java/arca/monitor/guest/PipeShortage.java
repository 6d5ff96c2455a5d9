package arca.monitor.guest;

import arca.monitor.guest.PipeAudit.Growth;
import arca.monitor.guest.PipeAudit.Round;
import arca.monitor.ledger.Principal;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Lets a guest's new connections wait for a {@link PipeAudit}, and takes part in the audits of others. Loop thread only, but for
 * {@link #post}.
 */
final class PipeShortage implements PipeAudit.Member, AutoCloseable {
    private static final int MOST_AUDITS = 3;

    private final PipeAudit audit;
    private final Reactor reactor;
    private final Principal user;
    private final Supplier<Growth> takeBack;
    private final LongConsumer cut;
    private final Runnable onOver;
    private final Timer patience = new Timer(this::waitIsOver);
    private int audits; // one after the other
    private Optional<Round> awaited = Optional.empty();

    /**
     * Takes part in audits from now on.
     *
     * @param takeBack makes the guest's pipes as small as they were
     * @param cut ends the guest, because it has taken so many bytes
     * @param onOver runs when there is no audit any more that connections wait for
     */
    PipeShortage(
            PipeAudit audit,
            Reactor reactor,
            Principal user,
            Supplier<Growth> takeBack,
            LongConsumer cut,
            Runnable onOver) {
        this.audit = audit;
        this.reactor = reactor;
        this.user = user;
        this.takeBack = takeBack;
        this.cut = cut;
        this.onOver = onOver;
        audit.join(this);
    }

    /** Notes that a pipe is as large as it should be. */
    void isOver() {
        audits = 0;
    }

    /** Returns whether an audit is under way, and new connections wait for its end. */
    boolean isAwaited() {
        return awaited.isPresent();
    }

    /**
     * Begins an audit, because a pipe is smaller than the ledger has room for. Returns whether connections wait for it. They wait
     * for a few audits at most, because others can take the memory again at once.
     */
    boolean begin() {
        if (audits++ == MOST_AUDITS) {
            audits = 0;
            return false;
        }
        awaited = audit.begin(this, reactor.kernel().nanoTime());
        if (isAwaited()) reactor.schedule(patience, PipeAudit.PATIENCE_NANOS);
        return isAwaited();
    }

    private void waitIsOver() {
        awaited.ifPresent(round -> audit.end(round, reactor.kernel().nanoTime()));
        auditEnded();
    }

    @Override
    public void post(Runnable task) {
        reactor.post(task);
    }

    @Override
    public Principal user() {
        return user;
    }

    @Override
    public Growth takeBack() {
        return takeBack.get();
    }

    @Override
    public void cut(long bytes) {
        cut.accept(bytes);
    }

    @Override
    public void auditEnded() {
        if (!isAwaited()) return;
        awaited = Optional.empty();
        reactor.cancel(patience);
        onOver.run();
    }

    /** Takes part in no more audits. */
    @Override
    public void close() {
        audit.leave(this);
        reactor.cancel(patience);
        awaited = Optional.empty();
    }
}
