package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;

/** One direction in which the monitor has moved bytes: the last result, and the bytes of this round. */
final class Direction {
    private static final long NEVER_HELD_BACK =
            4096; // if the guest uses write(2); a guest that splices may wait longer

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

    /** Returns whether TCP holds back the last bytes that it took, and no later bytes will push them. */
    boolean isHeldBack() {
        return last > NEVER_HELD_BACK && source.events() == 0 && sink instanceof SimTcp socket && socket.heldBack() > 0;
    }

    /** Returns whether bytes could be moved now. If so, a loop that waits for an event waits forever. */
    boolean isStarved() {
        boolean memory = last == -Errno.ENOMEM || last == -Errno.ENOBUFS; // a timer tries again
        return !memory && (source.events() & (EPOLLIN | EPOLLHUP)) != 0 && (sink.events() & (EPOLLOUT | EPOLLERR)) != 0;
    }

    @Override
    public String toString() {
        String answer = last < 0 ? Errno.name((int) -last) : last == 0 ? "0" : last + " bytes";
        return name(source) + " to " + name(sink) + ", last answer: " + answer;
    }

    private static String name(SimFile file) {
        return file instanceof SimTcp ? "socket" : "pipe";
    }
}
