package arca.monitor.reactor;

/**
 * The one owner of a descriptor in a loop: it knows whether the loop watches it, and ends that when it closes it, so that
 * no event can reach another under a number given anew. Loop thread only.
 */
public final class Descriptor implements AutoCloseable {
    private static final int GONE = -1;

    private final Reactor reactor;
    private final boolean isPipe;
    private int fd;
    int slot = Reactor.UNWATCHED; // the reactor's

    /** Takes ownership of an open descriptor. */
    public Descriptor(Reactor reactor, int fd) {
        this(reactor, fd, false);
    }

    private Descriptor(Reactor reactor, int fd, boolean isPipe) {
        if (fd < 0) throw new IllegalArgumentException("not a descriptor: " + fd);
        this.reactor = reactor;
        this.isPipe = isPipe;
        this.fd = fd;
    }

    /** Takes ownership of an end of a pipe that a guest may lock: see {@link Kernel#closePipe}. */
    public static Descriptor ofPipe(Reactor reactor, int end) {
        return new Descriptor(reactor, end, true);
    }

    /** The number, on loan for one call. */
    public int fd() {
        if (fd < 0) throw new IllegalStateException("this descriptor was closed or released");
        return fd;
    }

    /** False once closed or released. */
    public boolean isOpen() {
        return fd >= 0;
    }

    /**
     * Has the loop tell of events, first of those that hold now. One event is told once: the next comes only after the
     * handler has found nothing left, or no room, and said so by {@link Reactor#expect} or {@link Reactor#blocked}.
     *
     * @param events {@code EPOLL*} that may ever be expected; ERR and HUP are told unasked
     * @return 0, or {@code -errno}: ENOSPC or ENOMEM at a limit
     */
    public int watch(int events, EventHandler handler) {
        return reactor.watch(this, fd(), events, handler);
    }

    /** Gives the descriptor, no longer watched, to the caller, who must close it. */
    public int release() {
        int released = fd();
        if (slot != Reactor.UNWATCHED) reactor.unwatch(this, released);
        fd = GONE;
        return released;
    }

    /** Stops watching and closes, once. */
    @Override
    public void close() {
        if (!isOpen()) return;
        int closed = fd;
        if (slot != Reactor.UNWATCHED) reactor.forget(this);
        fd = GONE;
        // The number is free, whatever close(2) answers.
        if (isPipe) reactor.kernel().closePipe(closed);
        else reactor.kernel().close(closed);
    }
}
