package arca.monitor.sim;

import arca.bindings.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * The world of one history, drawn from a seed: the kernel with its faults, a guest, its peers, and the end. Each actor
 * has a seed of its own. So the others do the same when one actor is left out.
 */
public final class Scenario {
    /** How the session ends. */
    public enum Ending {
        CLOSE,
        SHUTDOWN,
        DIE,
        GARBAGE,
        STOP,
        KILL
    }

    /** More than the destinations of one history. */
    public static final int DESTINATIONS = 10_000;

    /** How many nanoseconds the kernel keeps a local port after a connection that the host has ended first. */
    public static final long TIME_WAIT = SimPorts.TIME_WAIT;

    private static final int SERVER = 0xc6336401; // 198.51.100.1
    private static final int ANYWHERE = 0;
    private static final int CONNECT_PORT = 100;
    private static final int LISTEN_PORT = 60_000;
    private static final long PATIENCE = 300_000_000_000L; // nanoseconds, after which every request must have its reply
    private static final long LONGEST = 2_000_000_000_000L;
    private static final int ROUNDS = 400_000;
    private static final int OWN_DESCRIPTORS = 3; // the control socket, the eventfd and the epoll instance

    // The configuration of the monitor.
    public final boolean poll;

    public final boolean copies;
    public final int connections;
    public final int listeners;
    public final int waitingAccepts;
    public final int connecting;
    public final int pipeSize;
    public final SimKernel kernel;

    /** How many descriptors the guest may have by the ledger, and how many bytes its pipes and its copies may keep. */
    public final long descriptorShare;

    public final long pipeMemory;

    public final long copyMemory;
    public final long requestRate;

    private final World world;
    private final Pairs pairs = new Pairs();
    private final SimUnix channel;
    private final SimEventFd eventfd = new SimEventFd();
    private final SimGuest guest;
    private final Ending ending;
    private final int actors;
    private long rounds;
    private boolean killed;
    private Runnable onStop;
    private Runnable onKill;

    /**
     * Creates the world of a seed.
     *
     * @param without actors that are left out, numbers below {@link #actors}
     * @param wedges whether the guest locks its pipes
     * @param trace receives a line for each call; may be null
     */
    public Scenario(long seed, Set<Integer> without, boolean wedges, Consumer<String> trace) {
        SplittableRandom random = new SplittableRandom(seed);
        SplittableRandom shares =
                new SplittableRandom(~seed); // of its own, so that the other histories stay as they are
        descriptorShare = shares.nextInt(4) == 0 ? 1 + shares.nextInt(30) : 10_000;
        copyMemory = shares.nextInt(2) == 0 ? shares.nextInt(600) << 10 : 1L << 30;
        pipeMemory = shares.nextInt(2) == 0 ? shares.nextInt(4_000) << 10 : 1L << 30;
        requestRate = shares.nextInt(4) == 0 ? 1 + shares.nextInt(5_000) : 1_000_000_000;
        world = new World(random.split());
        poll = random.nextInt(3) == 0;
        copies = random.nextInt(3) == 0;
        boolean tight = random.nextInt(4) == 0;
        connections = tight ? 1 + random.nextInt(4) : 1000;
        listeners = tight ? 1 + random.nextInt(2) : 100;
        waitingAccepts = tight ? 1 + random.nextInt(3) : 1000;
        connecting = tight ? 1 + random.nextInt(3) : 1000;
        pipeSize = 4096 << random.nextInt(7);
        int[] rates = {0, 0, 300, 50, 10, 4};
        Faults faults = new Faults(random.split(), rates[random.nextInt(rates.length)]);
        int descriptors = random.nextInt(5) == 0 ? 8 + random.nextInt(30) : 10_000;
        boolean torrent = random.nextInt(40) == 0;
        long[] costs = {1, 2_000, 30_000, 300_000, 300_000};
        boolean crowd = !torrent && random.nextInt(16) == 0; // many connections at once, and many events in each wait
        long cost = torrent ? 10_000 : crowd ? 300_000 : costs[random.nextInt(costs.length)];
        Network network = new Network(world, pairs, random.nextBoolean(), wedges, torrent);
        kernel = new SimKernel(world, faults, network, descriptors, cost, trace);
        // A turn for an event of each end, and one from the ready list. A copy may exceed each of them by one buffer.
        kernel.directions().limitRound(3L * (1 << 20) + (copies ? 3L * (256 << 10) : 0));
        network.kernel(kernel);
        if (random.nextInt(20) == 0) kernel.refuseSplice(world.skewed(1_000, 1_000_000_000L));

        channel = SimUnix.pair(1 + random.nextInt(random.nextBoolean() ? 2 : 16));
        channel.nonBlocking = true;
        boolean patient = random.nextInt(5) < 3;
        guest = new SimGuest(world, network, pairs, channel.other(), random.split(), patient);
        List<Consumer<SplittableRandom>> parts = new ArrayList<>();
        int connects = torrent ? 1 : crowd ? 30 : random.nextInt(random.nextInt(5) == 0 ? 20 : 7);
        long spread = crowd || random.nextBoolean() ? 3_000_000 : 60_000_000;
        for (int i = 0; i < connects; i++) {
            int port = CONNECT_PORT + i;
            parts.add(r -> connects(network, port, spread, r));
        }
        int listens = torrent ? 0 : random.nextInt(connects == 0 ? 1 : 0, 3);
        for (int i = 0; i < listens; i++) {
            int port = LISTEN_PORT + random.nextInt(2) * i;
            parts.add(r -> listens(network, port, r));
        }
        actors = parts.size();
        long[] seeds = random.longs(actors).toArray();
        ending = patient ? Ending.values()[random.nextInt(2)] : Ending.values()[random.nextInt(Ending.values().length)];
        long end = patient ? PATIENCE : world.skewed(1_000, 3_000_000_000L);
        world.in(end, () -> end(patient));
        for (int i : new TreeSet<>(
                java.util.stream.IntStream.range(0, actors).boxed().toList())) {
            if (!without.contains(i)) parts.get(i).accept(new SplittableRandom(seeds[i]));
        }
    }

    private void connects(Network network, int port, long spread, SplittableRandom random) {
        network.place(port, fate(random), random.split());
        for (int next = port; random.nextBoolean(); ) {
            next += Network.AGAIN;
            network.place(next, fate(random), random.split());
        }
        world.in(random.nextLong(spread), () -> guest.connect(SERVER, port));
    }

    private static Network.Fate fate(SplittableRandom random) {
        Network.Fate[] fates = Network.Fate.values();
        return random.nextInt(3) > 0 ? Network.Fate.CONNECTED : fates[random.nextInt(fates.length)];
    }

    private void listens(Network network, int port, SplittableRandom random) {
        int accepts = random.nextInt(5);
        for (int clients = random.nextInt(5); clients > 0; clients--) {
            SplittableRandom clientSeed = random.split();
            world.in(random.nextLong(8_000_000), () -> network.client(port, clientSeed));
        }
        SplittableRandom times = random.split();
        world.in(
                random.nextLong(2_000_000),
                () -> guest.listen(ANYWHERE, port, listener -> {
                    for (int i = 0; i < accepts; i++) {
                        boolean unknown = times.nextInt(20) == 0;
                        world.in(times.nextLong(8_000_000), () -> guest.accept(unknown ? -1 : listener, port));
                    }
                }));
    }

    // Ends.

    private void end(boolean patient) {
        if (onStop == null) { // the loop does not run yet
            world.in(1_000_000, () -> end(patient));
            return;
        }
        if (patient) guest.checkAnswered();
        switch (ending) {
            case CLOSE -> guest.close();
            case SHUTDOWN -> guest.shutdown();
            case DIE -> guest.die();
            case GARBAGE -> guest.garbage();
            case STOP -> onStop.run();
            case KILL -> {
                killed = true;
                onKill.run();
            }
        }
        if (ending != Ending.CLOSE && ending != Ending.DIE) world.in(1_000_000_000L, guest::close);
    }

    /** Returns how many actors the seed has drawn: connects and listeners. */
    public int actors() {
        return actors;
    }

    /** Sets how the world stops the monitor's loop, and how it kills it. Both act as another thread would. */
    public void onEnd(Runnable stop, Runnable kill) {
        onStop = stop;
        onKill = kill;
    }

    /** Makes the eventfd readable, and so wakes the loop. */
    public void wakeUp() {
        eventfd.signal();
    }

    /** Returns a new descriptor of the monitor's end of the control socket. */
    public int channel() {
        return kernel.install(channel);
    }

    /** Returns a new descriptor of the eventfd that wakes the loop. */
    public int eventfd() {
        return kernel.install(eventfd);
    }

    /**
     * Checks the world after a round of the loop.
     *
     * @param descriptors how many the guest has by the ledger
     */
    public void afterRound(long descriptors) {
        if (descriptors > descriptorShare) throw new Violation("more than the share: " + descriptors);
        if (kernel.descriptors().count() > descriptors + OWN_DESCRIPTORS)
            throw new Violation("descriptors are open that the ledger does not know: "
                    + kernel.descriptors().count() + " are open, and the guest has taken " + descriptors);
        if (++rounds > ROUNDS) throw new Violation("the loop spins: more than " + ROUNDS + " rounds");
        if (world.now() > LONGEST)
            throw new Violation(
                    "the loop does not end: " + world.now() / 1_000_000_000 + " s of virtual time have passed");
        kernel.directions().newRound();
        kernel.checkLimits(connections, listeners, connecting);
    }

    /**
     * Checks that the ledger knows each local port that the kernel has in use.
     *
     * @param taken how many the guest has taken
     * @param known how many the guests of its user have in use for a destination, with those that the kernel keeps
     */
    public void checkPorts(int taken, ToIntFunction<SocketAddress.Inet> known) {
        int open = kernel.connects();
        if (open != taken)
            throw new Violation("the guest has taken " + taken + " local ports, and " + open + " sockets have one");
        kernel.portsInTimeWait().forEach((to, count) -> {
            if (known.applyAsInt(to) < count)
                throw new Violation("the kernel keeps a local port that the ledger does not know, for " + to);
        });
    }

    /** Checks that the ledger knows no local port any more. */
    public void checkNoPorts(ToIntFunction<SocketAddress.Inet> known) {
        kernel.destinations().forEach(to -> {
            if (known.applyAsInt(to) != 0) throw new Violation("the ledger does not balance: a local port for " + to);
        });
    }

    /**
     * Checks the world after the loop has ended. The eventfd is still open.
     *
     * @param ran false if the kernel had no room for a loop
     */
    public void check(boolean ran) {
        if (kernel.descriptors().count() != 1)
            throw new Violation(
                    "descriptors are left open: " + kernel.descriptors().describe());
        if (!ran) return;
        while (world.next(LONGEST)) {
            if (world.now() > LONGEST) throw new Violation("the loop has ended, but its guests and peers do not end");
        }
        if (!killed) pairs.check(kernel.refusesSplice());
    }
}
