package arca.monitor.sim;

import arca.bindings.Errno;
import java.util.SplittableRandom;

/** A guest's ends of a data pipe. The seed decides what the guest does with them. */
final class GuestPipe {
    private final World world;
    private final Pairs pairs;
    private final SimPipe.End reader;
    private final SimPipe.End writer;
    private final SplittableRandom random;
    private final Pace pace;
    private final long readsUntil; // bytes after which it closes its read end
    private final boolean splices;
    private final boolean resizes;
    private final boolean endsLast; // closes its write end only after it has read the end
    final Stream up;
    Peer peer; // null until it is known

    private final Chunks header = new Chunks();
    private long down; // bytes received
    private boolean readAll;
    private boolean reads = true; // the read end is open
    private boolean writes = true; // the write end is open
    private Runnable whenDone = () -> {};

    GuestPipe(
            World world,
            Pairs pairs,
            SplittableRandom random,
            SimPipe.End reader,
            SimPipe.End writer,
            boolean mayWait,
            boolean torrent) {
        this.world = world;
        this.pairs = pairs;
        this.random = random;
        this.reader = reader;
        this.writer = writer;
        this.up = new Stream(pairs.guests.size(), "guest " + pairs.guests.size() + " to peer");
        this.pace = Pace.draw(random, torrent);
        this.readsUntil = random.nextInt(5) == 0 ? random.nextInt(20_000) : Long.MAX_VALUE;
        this.splices = random.nextInt(4) == 0;
        this.resizes = random.nextInt(8) == 0;
        this.endsLast = mayWait && random.nextInt(3) == 0;
        pairs.guests.add(this);
    }

    /** Sets what happens when both ends are closed. */
    void whenDone(Runnable then) {
        whenDone = then;
    }

    void start() {
        long stall = pace.writePause() > 500 && random.nextInt(12) == 0 ? random.nextLong(100_000_000_000L) : 0;
        world.in(random.nextLong(1_000_000), this::write);
        world.in(stall + random.nextLong(1_000_000), this::read);
    }

    /** Locks both pipes, as a guest does that sleeps in splice(2). */
    void wedge() {
        reader.pipe().locked = true;
        writer.pipe().locked = true;
    }

    /** Closes the guest's read end, if it is open. The monitor may still have its own descriptor of that end. */
    void closeReader() {
        if (reads) reader.drop();
        reads = false;
        closed();
    }

    /** Closes the guest's write end, as {@link #closeReader} does the read end. */
    void closeWriter() {
        if (writes) writer.drop();
        writes = false;
        closed();
    }

    private void closed() {
        if (!isDone()) return;
        Runnable then = whenDone;
        whenDone = () -> {};
        then.run();
    }

    boolean hasReadAll() {
        return readAll;
    }

    boolean isDone() {
        return !reads && !writes;
    }

    private void write() {
        if (!writes) return;
        if (resizes && random.nextInt(8) == 0) writer.pipe().resize(1 << random.nextInt(12, 19));
        int n = (int) Math.min(pace.bytes() - up.sent(), 1 + random.nextInt(pace.writes()));
        if (n == 0) {
            if (!endsLast || !reads) closeWriter();
            return;
        }
        long written = put(up.next(n));
        if (written == -Errno.EAGAIN) {
            writer.whenWoken(() -> world.in(pace.untilAwake(random), this::write));
        } else if (written < 0) {
            closeWriter();
        } else {
            up.sent(written);
            world.in(pace.untilWrite(random), this::write);
        }
    }

    private long put(byte[] next) {
        SimPipe pipe = writer.pipe();
        if (!splices || !pipe.reader.isOpen()) return pipe.write(next, next.length);
        if (pipe.isFull()) return -Errno.EAGAIN;
        pipe.add(next);
        pipe.reader.wake(1);
        return next.length;
    }

    private void read() {
        if (!reads) return;
        SimPipe pipe = reader.pipe();
        int most = (int) Math.min(1 + random.nextInt(pace.reads()), readsUntil - down);
        byte[] came = splices ? pipe.spliceOut(most) : pipe.read(most);
        if (came.length > 0) {
            took(came);
            world.in(pace.untilRead(random), this::read);
        } else if (most == 0 || !pipe.writer.isOpen()) {
            readAll = most > 0;
            closeReader();
            if (endsLast && up.sent() == pace.bytes()) closeWriter();
        } else {
            reader.whenWoken(() -> world.in(pace.untilAwake(random), this::read));
        }
    }

    private void took(byte[] came) {
        down += came.length;
        if (peer == null || !header.isEmpty()) {
            header.add(came);
            if (header.size() < Stream.HEADER) return;
            came = header.take(header.size());
            pairs.guestHears(this, Stream.number(came));
        }
        peer.down.received(came);
    }
}
