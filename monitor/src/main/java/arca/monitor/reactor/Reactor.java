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
 * An event loop. In each round it waits for events, calls the handlers of the descriptors that have them, runs the
 * timers that are due, and gives each waiting task one turn. It waits only if no task is waiting.
 *
 * <p>An event carries a token: the slot of its descriptor and the slot's generation. When a descriptor is closed, its
 * slot gets a new generation, and events that still carry the old one are ignored. A slot that becomes free in a round
 * is used again only after that round.
 *
 * <p>Only the thread that creates a reactor may use it ("loop thread only"; assertions check it). Three methods may be
 * called by any thread: {@link #inLoop}, {@link #rounds} and {@link #isWaiting}. Other threads send messages by a
 * {@link Mailbox}.
 */
public final class Reactor implements AutoCloseable {
    static final int UNWATCHED = -1;

    private static final VarHandle ROUNDS = field("rounds", long.class);
    private static final VarHandle WAITING = field("waiting", boolean.class);

    /** Work that may take more than one turn. A turn is short, so that every task and every event gets its share. */
    @FunctionalInterface
    public interface Task {
        /** Does a part of the work, and asks for another turn by {@link Reactor#runLater} if there is more. */
        void turn();
    }

    private final Thread thread = Thread.currentThread();
    private final Kernel kernel;
    private final SpinDetector spins;
    private final Selector selector;
    private final Mailbox mailbox;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment counter = arena.allocate(Long.BYTES, Long.BYTES); // what read(2) of an eventfd returns
    private final Descriptor eventfd;

    // By slot.
    private Descriptor[] watched = new Descriptor[16];
    private EventHandler[] handlers = new EventHandler[16];
    private int[] generations = new int[16];
    private int slotCount; // slots that were ever used

    private int[] free = new int[16]; // slots that may be used
    private int freeCount;
    private int[] released = new int[16]; // slots that became free in this round
    private int releasedCount;

    private final Queue<Task> ready = new ArrayDeque<>();
    private final TreeSet<Timer> timers = new TreeSet<>();
    private long scheduled; // timers, ever

    @SuppressWarnings("unused") // by VarHandle
    private long rounds;

    @SuppressWarnings("unused") // by VarHandle
    private boolean waiting;

    /**
     * Creates a loop that waits by epoll(7). {@link #close} closes the epoll descriptor.
     *
     * @param kernel stays the caller's
     * @throws ErrnoException EMFILE, ENFILE or ENOMEM at a limit
     */
    public static Reactor onEpoll(Kernel kernel, Mailbox mailbox) throws ErrnoException {
        return new Reactor(kernel, new EpollSelector(kernel), mailbox);
    }

    /**
     * Creates a loop that waits by poll(2), which reports each event once here, too.
     *
     * @param kernel stays the caller's
     */
    public static Reactor onPoll(Kernel kernel, Mailbox mailbox) throws ErrnoException {
        return new Reactor(kernel, new PollSelector(kernel), mailbox);
    }

    private Reactor(Kernel kernel, Selector selector, Mailbox mailbox) throws ErrnoException {
        this.kernel = kernel;
        this.spins = new SpinDetector(kernel);
        this.selector = selector;
        this.mailbox = mailbox;
        this.eventfd = new Descriptor(this, mailbox.eventfd());
        int n = eventfd.watch(EPOLLIN, this::messagesPosted);
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

    /** Returns the kernel that this loop's handlers call. Loop thread only. */
    public Kernel kernel() {
        assert inLoop();
        return kernel;
    }

    /** Returns whether the calling thread is the loop's own. Any thread. */
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /** Makes the loop run a message in its own thread: {@link Mailbox#post}. Any thread. */
    public void post(Runnable message) {
        mailbox.post(message);
    }

    private void messagesPosted(Descriptor descriptor, int events) {
        kernel.read(descriptor.fd(), counter, 0, Long.BYTES);
        selector.expect(descriptor.slot, EPOLLIN);
        mailbox.deliver();
    }

    // Descriptors.

    int watch(Descriptor descriptor, int fd, int events, EventHandler handler) {
        assert inLoop();
        boolean added = descriptor.slot == UNWATCHED;
        int slot = added ? freeSlot() : descriptor.slot;
        long token = (long) generations[slot] << Integer.SIZE | slot;
        int n = added ? selector.add(slot, fd, events, token) : selector.modify(slot, fd, events, token);
        if (n < 0) {
            if (added) free[freeCount++] = slot;
            return n;
        }
        descriptor.slot = slot;
        watched[slot] = descriptor;
        handlers[slot] = handler;
        return 0;
    }

    private int freeSlot() {
        if (freeCount > 0) return free[--freeCount];
        if (slotCount == watched.length) {
            int size = 2 * slotCount;
            watched = Arrays.copyOf(watched, size);
            handlers = Arrays.copyOf(handlers, size);
            generations = Arrays.copyOf(generations, size);
            free = Arrays.copyOf(free, size);
            released = Arrays.copyOf(released, size);
        }
        return slotCount++;
    }

    void unwatch(Descriptor descriptor, int fd) {
        assert inLoop();
        selector.remove(descriptor.slot, fd);
        releaseSlot(descriptor);
    }

    /** As {@link #unwatch}, for a descriptor that the caller closes next. */
    void forget(Descriptor descriptor) {
        assert inLoop();
        selector.forget(descriptor.slot);
        releaseSlot(descriptor);
    }

    private void releaseSlot(Descriptor descriptor) {
        int slot = descriptor.slot;
        descriptor.slot = UNWATCHED;
        watched[slot] = null;
        handlers[slot] = null;
        generations[slot]++;
        released[releasedCount++] = slot;
    }

    /**
     * Asks for the next of these events: the handler has found nothing left to read, or no room to write. Loop thread
     * only.
     *
     * @param events {@code EPOLL*}
     */
    public void expect(Descriptor descriptor, int events) {
        assert inLoop();
        selector.expect(descriptor.slot, events);
    }

    /**
     * Asks for the next event that lets a direction continue. Moving bytes from {@code source} to {@code sink} has
     * answered EAGAIN, which does not say which of the two was not ready. Loop thread only.
     *
     * @return 0; or the source's events if both are ready by now: the caller tries again
     */
    public int blocked(Descriptor source, Descriptor sink) {
        assert inLoop();
        return selector.blocked(source.slot, sink.slot);
    }

    /**
     * Returns whether an event reports that a peer has acknowledged everything. If not, the caller asks by a timer.
     * Loop thread only.
     */
    public boolean reportsAcknowledgement() {
        assert inLoop();
        return selector.reportsAcknowledgement();
    }

    // Tasks and timers.

    /** Gives a task one turn, after all tasks that are already waiting for one. Loop thread only. */
    public void runLater(Task task) {
        assert inLoop();
        ready.add(task);
    }

    /**
     * Schedules a timer to run once, {@code nanos} from now. A timer that is already scheduled is moved. Loop thread
     * only.
     */
    public void schedule(Timer timer, long nanos) {
        cancel(timer);
        timer.deadline = kernel.nanoTime() + nanos;
        timer.sequence = scheduled++;
        timer.scheduled = true;
        timers.add(timer);
    }

    /** Cancels a timer; does nothing if it is not scheduled. Loop thread only. */
    public void cancel(Timer timer) {
        assert inLoop();
        if (timer.scheduled) timers.remove(timer);
        timer.scheduled = false;
    }

    // The loop.

    /**
     * Runs one round: events, then timers that are due, then one turn for each task that was waiting. Loop thread only.
     *
     * @param maxMillis the longest wait for an event or a timer; 0 does not wait, -1 waits without end
     * @return whether there was anything to do
     */
    public boolean step(int maxMillis) {
        assert inLoop();
        int timeout = ready.isEmpty() ? untilTimer(maxMillis) : 0;
        if (timeout != 0) WAITING.setOpaque(this, true);
        int n = selector.await(timeout);
        WAITING.setOpaque(this, false);
        ROUNDS.setOpaque(this, rounds + 1);
        if (n < 0) throw new IllegalStateException("waiting for events: " + Errno.describe(-n));
        for (int i = 0; i < n; i++) dispatch(selector.token(i), selector.events(i));
        int due = runTimers();
        int tasks = ready.size();
        for (int i = 0; i < tasks; i++) run(ready.remove());
        reuseSlots();
        return n + due + tasks > 0;
    }

    private void dispatch(long token, int events) {
        int slot = (int) token;
        if (generations[slot] != (int) (token >>> Integer.SIZE)) return;
        Descriptor descriptor = watched[slot];
        EventHandler handler = handlers[slot];
        handler.ready(descriptor, events);
        // Where only a change is reported again, a peer may cause any number of events without progress.
        assert !selector.reportsUnchanged() || spins.mayGoOn(descriptor) : spinning(handler);
    }

    private void run(Task task) {
        task.turn();
        assert !ready.contains(task) || spins.mayGoOn(task) : spinning(task);
    }

    private static String spinning(Object what) {
        return what + " spins: it has had " + SpinDetector.MAX_IDLE_TURNS
                + " turns while no call moved a byte, or opened or closed a descriptor";
    }

    /** Makes the slots that this round has released available to the next one: no event can name them any more. */
    private void reuseSlots() {
        System.arraycopy(released, 0, free, freeCount, releasedCount);
        freeCount += releasedCount;
        releasedCount = 0;
    }

    /** Returns the milliseconds until the first timer, rounded up so that it is due then; at most {@code maxMillis}. */
    private int untilTimer(int maxMillis) {
        if (timers.isEmpty() || maxMillis == 0) return maxMillis;
        long nanos = timers.first().deadline - kernel.nanoTime();
        long millis = nanos <= 0 ? 0 : (nanos + 999_999) / 1_000_000;
        return (int) (maxMillis < 0 ? Math.min(millis, Integer.MAX_VALUE) : Math.min(millis, maxMillis));
    }

    private int runTimers() {
        if (timers.isEmpty()) return 0;
        long now = kernel.nanoTime();
        int due = 0;
        // This ends: a timer that is scheduled meanwhile has a deadline later than now.
        while (!timers.isEmpty() && timers.first().deadline - now <= 0) {
            Timer timer = timers.removeFirst();
            timer.scheduled = false;
            timer.run();
            due++;
        }
        return due;
    }

    /** Returns how many rounds the loop has begun. Any thread. */
    public long rounds() {
        return (long) ROUNDS.getOpaque(this);
    }

    /** Returns whether the loop waits for events, and so is not stuck. Any thread. */
    public boolean isWaiting() {
        return (boolean) WAITING.getOpaque(this);
    }

    /**
     * Closes what the reactor has opened itself; the mailbox's eventfd stays open. The loop is not in a round, and the
     * descriptors that it watched are closed. Loop thread only.
     */
    @Override
    public void close() {
        assert inLoop();
        if (eventfd.isOpen()) eventfd.release();
        selector.close();
        arena.close();
    }
}
