package arca.monitor.lookup;

import arca.monitor.ledger.Principal;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.util.function.Consumer;

/**
 * Resolves one name for the owner of a loop, who never waits for it. The owner gets one answer, or none after {@link #cancel}. What
 * comes after the deadline is dropped. Loop thread only.
 */
public final class Lookup {
    private final Reactor reactor;
    private final Consumer<Answer> onAnswer;
    private final Timer deadline = new Timer(() -> ended(new Answer.TimedOut()));
    private boolean isOver = true;

    /**
     * Creates a lookup that has not started.
     *
     * @param onAnswer gets the answer, in the loop's thread
     */
    public Lookup(Reactor reactor, Consumer<Answer> onAnswer) {
        this.reactor = reactor;
        this.onAnswer = onAnswer;
    }

    /**
     * Starts. The answer comes after this method has returned.
     *
     * @param principal whose share of the threads it uses
     * @param name a host name in lower-case ASCII, without the dot at its end
     * @param timeoutNanos nanoseconds until the answer is {@link Answer.TimedOut}
     * @return 0, or {@code -errno}, and then no answer comes: EMFILE, ENFILE or EAGAIN as {@link Lookups#start} says
     */
    public int start(Lookups lookups, Principal principal, String name, long timeoutNanos) {
        int n = lookups.start(principal, name, answer -> reactor.post(() -> ended(answer)));
        if (n < 0) return n;
        isOver = false;
        reactor.schedule(deadline, timeoutNanos);
        return 0;
    }

    private void ended(Answer answer) {
        if (isOver) return;
        cancel();
        onAnswer.accept(answer);
    }

    /** Drops the answer. Its thread goes on until the resolver returns. */
    public void cancel() {
        isOver = true;
        reactor.cancel(deadline);
    }
}
