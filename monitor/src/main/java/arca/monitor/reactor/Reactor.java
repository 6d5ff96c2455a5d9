package arca.monitor.reactor;

import static arca.bindings.Constants.EPOLLIN;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.TreeSet;

/**
 * One loop: it waits for events, tells the handlers of descriptors, runs timers that are due, and gives a turn to each
 * task that has used up its last one. It waits only when there is nothing to do, and then until there is.
 *
 * <p>Events carry a token, the slot of a descriptor and the slot's generation: one for a descriptor that was closed since
 * has another generation and is passed over. A slot that becomes free in a batch of events is used again after it.
 *
 * <p>For the thread that makes it, but for {@link Mailbox#post} and what tells a watchdog: {@link #turn}, {@link #waits}.
 */
public final class Reactor implements AutoCloseable {
    static final int UNWATCHED = -1;

    private static final VarHandle TURN = field("turn", long.class);
    private static final VarHandle WAITS = field("waits", boolean.class);

    /** More work of one kind: a turn's worth of it is done at a time, so that others have theirs. */
    @FunctionalInterface
    public interface Task {
        /** Does some, and comes back by {@link Reactor#again} if there is more. */
        void turn();
    }

    private final Kernel kernel;
    private final Readiness readiness;
    private final Mailbox mailbox;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment count = arena.allocate(Long.BYTES, Long.BYTES); // what an eventfd gives
    private final Descriptor doorbell;

    private Descriptor[] watched = new Descriptor[16];
    private EventHandler[] handlers = new EventHandler[16];
    private int[] generations = new int[16];
    private int[] free = new int[16]; // slots to use next
    private int frees;
    private int[] dying = new int[16]; // slots that became free in this batch
    private int deaths;
    private int slots; // that were ever used

    private final Queue<Task> ready = new ArrayDeque<>();
    private final TreeSet<Timer> timers = new TreeSet<>();
    private long scheduled;

    @SuppressWarnings("unused") // by VarHandle
    private long turn;

    @SuppressWarnings("unused") // by VarHandle
    private boolean waits;

    /** A loop on epoll(7). It closes what it holds itself; the kernel stays the caller's. */
    public static Reactor onEpoll(Kernel kernel, Mailbox mailbox) throws ErrnoException {
        return new Reactor(kernel, new EpollReadiness(kernel), mailbox);
    }

    /** A loop on poll(2), made edge-driven. It closes what it holds itself; the kernel stays the caller's. */
    public static Reactor onPoll(Kernel kernel, Mailbox mailbox) throws ErrnoException {
        return new Reactor(kernel, new PollReadiness(kernel), mailbox);
    }

    private Reactor(Kernel kernel, Readiness readiness, Mailbox mailbox) throws ErrnoException {
        this.kernel = kernel;
        this.readiness = readiness;
        this.mailbox = mailbox;
        this.doorbell = new Descriptor(this, mailbox.eventfd());
        int n = doorbell.watch(EPOLLIN, this::rung);
        if (n < 0) {
            close();
            throw new ErrnoException("epoll_ctl", -n);
        }
    }

    private static VarHandle field(String name, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(Reactor.class, name, type);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a field of this class", e);
        }
    }

    /** The kernel that this loop's handlers use. */
    public Kernel kernel() {
        return kernel;
    }

    private void rung(Descriptor eventfd, int events) {
        kernel.read(eventfd.fd(), count, 0, Long.BYTES);
        readiness.expect(eventfd.slot, EPOLLIN);
        mailbox.deliver();
    }

    // Descriptors.

    int watch(Descriptor descriptor, int fd, int events, EventHandler handler) {
        boolean added = descriptor.slot == UNWATCHED;
        int slot = added ? freeSlot() : descriptor.slot;
        long token = (long) generations[slot] << Integer.SIZE | slot;
        int n = added ? readiness.add(slot, fd, events, token) : readiness.modify(slot, fd, events, token);
        if (n < 0) {
            if (added) free[frees++] = slot;
            return n;
        }
        descriptor.slot = slot;
        watched[slot] = descriptor;
        handlers[slot] = handler;
        return 0;
    }

    private int freeSlot() {
        if (frees > 0) return free[--frees];
        if (slots == watched.length) {
            int size = 2 * slots;
            watched = Arrays.copyOf(watched, size);
            handlers = Arrays.copyOf(handlers, size);
            generations = Arrays.copyOf(generations, size);
            free = Arrays.copyOf(free, size);
            dying = Arrays.copyOf(dying, size);
        }
        return slots++;
    }

    void unwatch(Descriptor descriptor, int fd) {
        readiness.remove(descriptor.slot, fd);
        bury(descriptor);
    }

    /** As {@link #unwatch}, for a descriptor that is closed next. */
    void forget(Descriptor descriptor) {
        readiness.forget(descriptor.slot);
        bury(descriptor);
    }

    private void bury(Descriptor descriptor) {
        int slot = descriptor.slot;
        descriptor.slot = UNWATCHED;
        watched[slot] = null;
        handlers[slot] = null;
        generations[slot]++;
        dying[deaths++] = slot;
    }

    /** A descriptor has no more, or no room: the next of these events ({@code EPOLL*}) is to be told. */
    public void expect(Descriptor descriptor, int events) {
        readiness.expect(descriptor.slot, events);
    }

    /**
     * The direction from {@code source} to {@code sink} has answered EAGAIN: an event of the side that was not ready is
     * to be told.
     *
     * @return 0; or the source's events, where both sides have become ready: run the direction again
     */
    public int blocked(Descriptor source, Descriptor sink) {
        return readiness.blocked(source.slot, sink.slot);
    }

    /** Whether an event tells that a peer has acknowledged all it was sent; else a timer must ask. */
    public boolean tellsOfAcknowledgement() {
        return readiness.tellsOfAcknowledgement();
    }

    // Tasks and timers.

    /** Gives a task a turn after all that are waiting for one. */
    public void again(Task task) {
        ready.add(task);
    }

    /** Has a timer run once, {@code nanos} from now; one that is scheduled already is moved. */
    public void schedule(Timer timer, long nanos) {
        cancel(timer);
        timer.deadline = kernel.nanoTime() + nanos;
        timer.number = scheduled++;
        timer.scheduled = true;
        timers.add(timer);
    }

    /** Takes a timer back; nothing if it is not scheduled. */
    public void cancel(Timer timer) {
        if (timer.scheduled) timers.remove(timer);
        timer.scheduled = false;
    }

    // The loop.

    /**
     * One round: events, then due timers, then one turn for each task that was waiting for it.
     *
     * @param mostMillis how long it may wait for an event or a timer; 0 does not wait, -1 waits without end
     * @return whether there was anything to do
     */
    public boolean step(int mostMillis) {
        int timeout = ready.isEmpty() ? untilTimer(mostMillis) : 0;
        if (timeout != 0) WAITS.setOpaque(this, true);
        int n = readiness.await(timeout);
        WAITS.setOpaque(this, false);
        TURN.setOpaque(this, turn + 1);
        if (n < 0) throw new IllegalStateException("waiting for events: " + Errno.describe(-n));
        for (int i = 0; i < n; i++) tell(readiness.token(i), readiness.events(i));
        int due = runTimers();
        int tasks = ready.size();
        for (int i = 0; i < tasks; i++) ready.remove().turn();
        buryDead();
        return n + due + tasks > 0;
    }

    private void tell(long token, int events) {
        int slot = (int) token;
        if (generations[slot] == (int) (token >>> Integer.SIZE)) handlers[slot].ready(watched[slot], events);
    }

    private void buryDead() {
        System.arraycopy(dying, 0, free, frees, deaths);
        frees += deaths;
        deaths = 0;
    }

    /** Milliseconds until the first timer, rounded up so that it is due then; at most {@code mostMillis}. */
    private int untilTimer(int mostMillis) {
        if (timers.isEmpty() || mostMillis == 0) return mostMillis;
        long nanos = timers.first().deadline - kernel.nanoTime();
        long millis = nanos <= 0 ? 0 : (nanos + 999_999) / 1_000_000;
        return (int) (mostMillis < 0 ? Math.min(millis, Integer.MAX_VALUE) : Math.min(millis, mostMillis));
    }

    private int runTimers() {
        if (timers.isEmpty()) return 0;
        long now = kernel.nanoTime();
        int due = 0;
        // One that a timer schedules anew is later than now, so this ends.
        while (!timers.isEmpty() && timers.first().deadline - now <= 0) {
            Timer timer = timers.removeFirst();
            timer.scheduled = false;
            timer.run();
            due++;
        }
        return due;
    }

    /** How many rounds there were. Any thread. */
    public long turn() {
        return (long) TURN.getOpaque(this);
    }

    /** Whether it waits for something to happen, and is therefore not stuck. Any thread. */
    public boolean waits() {
        return (boolean) WAITS.getOpaque(this);
    }

    /** Ends the loop, which must not be in a round. Descriptors that it watches must have been closed. */
    @Override
    public void close() {
        if (doorbell.isOpen()) doorbell.release(); // the monitor's
        readiness.close();
        arena.close();
    }
}
