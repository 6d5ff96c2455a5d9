package arca.monitor.reactor;

/**
 * Owns a file descriptor in a loop. It stops watching the descriptor before it closes it, so an event of the old file
 * cannot reach the handler of a new file that gets the same number. Loop thread only.
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
        assert reactor.inLoop();
        if (fd < 0) throw new IllegalArgumentException("not a descriptor: " + fd);
        this.reactor = reactor;
        this.isPipe = isPipe;
        this.fd = fd;
    }

    /** Takes ownership of one end of a pipe whose other end a guest has: see {@link Kernel#closePipe}. */
    public static Descriptor ofPipe(Reactor reactor, int end) {
        return new Descriptor(reactor, end, true);
    }

    /** Returns the number. The caller uses it for one call and does not keep it. */
    public int fd() {
        assert reactor.inLoop();
        if (fd < 0) throw new IllegalStateException("this descriptor was closed or released");
        return fd;
    }

    /** Returns false once the descriptor is closed or released. */
    public boolean isOpen() {
        assert reactor.inLoop();
        return fd >= 0;
    }

    /**
     * Starts to watch the descriptor, or changes what is watched. The loop first reports the events that hold now. It
     * reports an event once; the next one comes after the handler has found nothing left, or no room, and has said so
     * by {@link Reactor#expect} or {@link Reactor#blocked}.
     *
     * @param events {@code EPOLL*} that may ever be expected; ERR and HUP are always reported
     * @return 0, or {@code -errno}: ENOSPC or ENOMEM at a limit
     */
    public int watch(int events, EventHandler handler) {
        return reactor.watch(this, fd(), events, handler);
    }

    /** Stops watching the descriptor and gives it to the caller, who must close it. */
    public int release() {
        int released = fd();
        if (slot != Reactor.UNWATCHED) reactor.unwatch(this, released);
        fd = GONE;
        return released;
    }

    /** Stops watching the descriptor and closes it; does nothing the second time. */
    @Override
    public void close() {
        if (!isOpen()) return;
        int closed = fd;
        if (slot != Reactor.UNWATCHED) reactor.forget(this);
        fd = GONE;
        // The result is not checked: close(2) frees the number even when it fails.
        if (isPipe) reactor.kernel().closePipe(closed);
        else reactor.kernel().close(closed);
    }
}
