package arca.monitor.sim;

import arca.bindings.Errno;
import java.util.SplittableRandom;

/** The remote end of a TCP connection. The seed decides what it sends and reads, and how it ends. */
final class Peer {
    private enum End {
        /** Sends its FIN after its last byte, and reads to the end. */
        FIN,
        /** Sends its FIN once it has read to the end. */
        FIN_AFTER_END,
        /** Resets after its last byte. */
        RESET,
        /** Closes without reading the rest. If bytes are unread, TCP sends a reset. */
        CLOSE
    }

    private final World world;
    private final SimTcp socket;
    private final End end;
    private final Pace pace;
    private final int urgentPercent;
    private final boolean talksFirst;
    private final SplittableRandom random;
    final Stream down;
    private final Pairs pairs;
    GuestPipe guest; // null until it is known
    private final Chunks header = new Chunks();

    private long up; // bytes received
    private boolean started;
    private boolean wroteAll;
    private boolean readAll;
    private boolean resets; // it ends the connection early, now or later
    private boolean wasReset;
    private boolean gone;

    Peer(
            World world,
            Pairs pairs,
            SplittableRandom random,
            SimTcp socket,
            int number,
            boolean mayWait,
            boolean torrent) {
        this.world = world;
        this.pairs = pairs;
        this.random = random;
        this.socket = socket;
        this.down = new Stream(number, "peer " + number + " to guest");
        int kind = random.nextInt(10);
        this.end = kind < 5 || kind == 7 && !mayWait
                ? End.FIN
                : kind < 8 ? (mayWait ? End.FIN_AFTER_END : End.FIN) : kind == 8 ? End.RESET : End.CLOSE;
        this.pace = Pace.draw(random, torrent);
        this.urgentPercent = random.nextInt(4) == 0 ? 1 + random.nextInt(40) : 0;
        this.talksFirst = random.nextBoolean();
        this.resets = end == End.RESET || end == End.CLOSE;
        Pace.tune(socket, random, torrent);
    }

    void start() {
        started = true;
        long stall = pace.writePause() > 500 && random.nextInt(12) == 0 ? random.nextLong(100_000_000_000L) : 0;
        world.in(random.nextLong(1_000_000), this::write);
        world.in(stall + random.nextLong(1_000_000), this::read);
    }

    /** Returns how many of its bytes have reached the monitor's socket. */
    long arrived() {
        return socket.other == null ? 0 : socket.other.arrived();
    }

    SimTcp socket() {
        return socket;
    }

    /** Returns whether it ends the connection before all bytes have arrived. */
    boolean resets() {
        return resets;
    }

    boolean hasReadAll() {
        return readAll;
    }

    boolean wasReset() {
        return wasReset;
    }

    boolean isDone() {
        return gone || !started;
    }

    private void write() {
        if (gone || wroteAll) return;
        if (!talksFirst && up == 0 && !readAll && down.sent() == 0 && random.nextInt(3) > 0) {
            world.in(1_000_000, this::write); // it waits for a question, but not forever
            return;
        }
        int n = (int) Math.min(pace.bytes() - down.sent(), 1 + random.nextInt(pace.writes()));
        if (n > 0) {
            int errno = socket.mayNotSend();
            if (errno == -Errno.EAGAIN) {
                socket.whenWoken(() -> world.in(pace.untilAwake(random), this::write));
                return;
            }
            if (errno != 0) { // bytes that have arrived can still be read
                wroteAll = true;
                closeIfDone();
                return;
            }
            n = Math.min(n, socket.room());
            socket.send(down.next(n));
            down.sent(n);
            if (random.nextInt(100) < urgentPercent) socket.urgent();
            world.in(pace.untilWrite(random), this::write);
            return;
        }
        wroteAll = true;
        switch (end) {
            case FIN -> socket.shutdownWrite();
            case RESET -> {
                socket.abort();
                gone = true;
            }
            case CLOSE -> {
                socket.drop();
                gone = true;
            }
            case FIN_AFTER_END -> {}
        }
        closeIfDone();
    }

    private void read() {
        if (gone || readAll) return;
        byte[] came = socket.receive(1 + random.nextInt(pace.reads()));
        if (came != null) {
            took(came);
            world.in(pace.untilRead(random), this::read);
            return;
        }
        int n = socket.nothing();
        if (n == -Errno.EAGAIN) {
            socket.whenWoken(() -> world.in(pace.untilAwake(random), this::read));
        } else if (n == 0) {
            readAll = true;
            closeIfDone();
        } else {
            wasReset = true;
            gone = true;
            socket.drop();
        }
    }

    private void took(byte[] came) {
        up += came.length;
        if (guest == null || !header.isEmpty()) {
            header.add(came);
            if (header.size() < Stream.HEADER) return;
            came = header.take(header.size());
            pairs.peerHears(this, Stream.number(came));
        }
        guest.up.received(came);
    }

    private void closeIfDone() {
        if (gone || !readAll) return;
        if (!wroteAll) return;
        if (end == End.FIN_AFTER_END) socket.shutdownWrite();
        gone = true;
        socket.drop();
    }
}
