package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;

/** A way that the monitor was seen to move bytes: what it was answered last, and how many in this round. */
final class Direction {
    private static final long NEVER_HELD_BACK = 4096; // of a guest that writes; one that splices is served late

    private final SimFile source;
    private final SimFile sink;
    private long last;
    private long moved;

    Direction(SimFile source, SimFile sink) {
        this.source = source;
        this.sink = sink;
    }

    void answered(long n) {
        last = n;
        if (n > 0) moved += n;
    }

    void newRound() {
        moved = 0;
    }

    long movedInRound() {
        return moved;
    }

    boolean isOver() {
        return !source.isOpen() || !sink.isOpen();
    }

    /** Whether the sink holds back the end of what it took last, and nothing more is to come that would push it. */
    boolean isHeldBack() {
        return last > NEVER_HELD_BACK && source.events() == 0 && sink instanceof SimTcp socket && socket.heldBack() > 0;
    }

    /** Whether bytes could be moved now: then a loop that waits for an event waits in vain. */
    boolean isStarved() {
        boolean memory = last == -Errno.ENOMEM || last == -Errno.ENOBUFS; // a timer's business
        return !memory && (source.events() & (EPOLLIN | EPOLLHUP)) != 0 && (sink.events() & (EPOLLOUT | EPOLLERR)) != 0;
    }

    @Override
    public String toString() {
        return source.getClass().getSimpleName() + " to " + sink.getClass().getSimpleName() + ", last " + last;
    }
}
