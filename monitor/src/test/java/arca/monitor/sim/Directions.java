package arca.monitor.sim;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** All directions in which the monitor has moved bytes. None may stall, and none may delay the others. */
final class Directions {
    private record Way(SimFile source, SimFile sink) {}

    private final Map<Way, Direction> directions = new LinkedHashMap<>();
    private final Map<SimFile, SimFile> sources = new HashMap<>(); // by sink, for bytes that are copied
    private SimFile lastRead;
    private long lastReadCall;
    private long calls;
    private long mostInRound = Long.MAX_VALUE;

    /** Sets how many bytes one direction may move in one round of the loop. */
    void limitRound(long bytes) {
        mostInRound = bytes;
    }

    void newRound() {
        directions.values().forEach(Direction::newRound);
    }

    /** Notes that a call begins. */
    void called() {
        calls++;
    }

    void read(SimFile source) {
        lastRead = source;
        lastReadCall = calls;
    }

    /**
     * Notes a write. The call before has read its bytes; or the bytes have waited in a buffer, and the source is known.
     */
    void wrote(SimFile sink, long n) {
        if (lastReadCall == calls - 1) sources.put(sink, lastRead);
        SimFile source = sources.get(sink);
        if (source != null) moved(source, sink, n);
    }

    void moved(SimFile source, SimFile sink, long n) {
        if (!source.isOpen() || !sink.isOpen()) return;
        Direction way = directions.computeIfAbsent(new Way(source, sink), _ -> new Direction(source, sink));
        way.answered(n);
        if (way.movedInRound() > mostInRound)
            throw new Violation("one direction moved " + way.movedInRound() + " bytes in one round");
    }

    void forget(SimFile closed) {
        directions.values().removeIf(Direction::isOver);
        sources.remove(closed);
    }

    /** Checks that the loop, which is about to wait, has nothing left to do. */
    void findStarved() {
        for (Direction way : directions.values()) {
            if (way.isHeldBack())
                throw new Violation(
                        "stalled: TCP holds back the last bytes, and the monitor does not push them: " + way);
            if (way.isStarved())
                throw new Violation("stalled: data and space are available, but no event will come: " + way);
        }
    }
}
