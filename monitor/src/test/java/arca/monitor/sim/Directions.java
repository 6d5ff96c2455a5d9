package arca.monitor.sim;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Every way on which the monitor was seen to move bytes: none may be left alone, and none may keep the others waiting. */
final class Directions {
    private record Way(SimFile source, SimFile sink) {}

    private final Map<Way, Direction> directions = new LinkedHashMap<>();
    private final Map<SimFile, SimFile> sources = new HashMap<>(); // by sink, of what is copied
    private SimFile lastRead;
    private long lastReadCall;
    private long calls;
    private long mostInRound = Long.MAX_VALUE;

    /** How many bytes one may move in one round of the loop. */
    void limitRound(long bytes) {
        mostInRound = bytes;
    }

    void newRound() {
        directions.values().forEach(Direction::newRound);
    }

    /** A call begins. */
    void called() {
        calls++;
    }

    void read(SimFile source) {
        lastRead = source;
        lastReadCall = calls;
    }

    /** What is written was just read, or waits in a stash since: then what was seen before still holds. */
    void wrote(SimFile sink, long n) {
        if (lastReadCall == calls - 1) sources.put(sink, lastRead);
        SimFile source = sources.get(sink);
        if (source != null) moved(source, sink, n);
    }

    void moved(SimFile source, SimFile sink, long n) {
        if (!source.isOpen() || !sink.isOpen()) return;
        Direction way = directions.computeIfAbsent(new Way(source, sink), _ -> new Direction(source, sink));
        way.answered(n);
        if (way.movedInRound() > mostInRound) throw new Violation(way.movedInRound() + " bytes in one round");
    }

    void forget(SimFile closed) {
        directions.values().removeIf(Direction::isOver);
        sources.remove(closed);
    }

    /** The loop is about to sleep: it must have nothing to do. */
    void findStarved() {
        for (Direction way : directions.values()) {
            if (way.isHeldBack()) throw new Violation("the end is held back, and nobody pushes it: " + way);
            if (way.isStarved()) throw new Violation("a wait in vain, there are bytes and there is room: " + way);
        }
    }
}
