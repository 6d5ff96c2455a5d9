package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.control.Reply;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The network around the monitor. Each port has a fate for the one connect that goes there. Clients connect to the
 * guest's listeners.
 */
final class Network implements SimKernel.Network {
    /** What happens to a connect. */
    enum Fate {
        CONNECTED,
        REFUSED,
        UNREACHABLE,
        SILENT,
        ITSELF,
        OWN
    }

    /**
     * Guests first connect to ports below this number. When such a connection has ended, they connect to its port plus
     * this number, plus twice this number, and so on.
     */
    static final int AGAIN = 1000;

    private static final int SERVER = 0xcb007101; // 203.0.113.1, where a guest listens
    private static final int CLIENT = 0xcb007102;
    private static final int FIRST_CLIENT_PORT = 1024;

    private record Place(Fate fate, SplittableRandom random) {}

    private final World world;
    private final Pairs pairs;
    private final boolean guestsWait;
    private final boolean wedges;
    private final boolean torrent; // everybody sends much, and fast
    private final Map<Integer, Place> places = new HashMap<>();
    private final Map<Integer, Peer> peers = new HashMap<>(); // by port
    private final Map<Integer, Integer> refusals =
            new HashMap<>(); // by port: the errno with which a connect must fail, or 0
    private SimKernel kernel;

    Network(World world, Pairs pairs, boolean guestsWait, boolean wedges, boolean torrent) {
        this.world = world;
        this.pairs = pairs;
        this.guestsWait = guestsWait;
        this.wedges = wedges;
        this.torrent = torrent;
    }

    void kernel(SimKernel theKernel) {
        kernel = theKernel;
    }

    boolean guestsWait() {
        return guestsWait;
    }

    boolean isTorrent() {
        return torrent;
    }

    boolean wedges() {
        return wedges;
    }

    void place(int port, Fate fate, SplittableRandom random) {
        places.put(port, new Place(fate, random));
    }

    boolean has(int port) {
        return places.containsKey(port);
    }

    @Override
    public boolean isLocal(SocketAddress.Inet address) {
        boolean own = places.get(address.port()).fate == Fate.OWN;
        refusals.put(address.port(), own ? Errno.EACCES : 0);
        return own;
    }

    @Override
    public void notSaid(int port, int errno) {
        refusals.put(port, errno);
    }

    @Override
    public int connect(SimTcp socket, SocketAddress.Inet address) {
        int port = address.port();
        Integer refusal = refusals.get(port);
        if (refusal == null)
            throw new Violation("connect(2) before asking the kernel whether the address is the host's own");
        if (refusal != 0) throw new Violation("connect(2) although the request must fail with code " + refusal);
        Place place = places.get(port);
        SplittableRandom random = place.random;
        long time = 1 + random.nextLong(random.nextInt(5) == 0 ? 2_000_000_000L : 200_000);
        switch (place.fate) {
            case UNREACHABLE -> {
                return -Errno.EHOSTUNREACH;
            }
            case SILENT -> {}
            case OWN -> throw new AssertionError("refused");
            case REFUSED -> world.in(time, () -> socket.refused(Errno.ECONNREFUSED));
            case ITSELF -> {
                socket.local = address;
                world.in(time, () -> socket.connected(socket));
            }
            case CONNECTED -> {
                Pace.tune(socket, random, torrent);
                Peer peer = newPeer(random);
                peers.put(port, peer);
                world.in(time, () -> {
                    if (socket.connected(peer.socket())) peer.start();
                    else peer.socket().refused(Errno.ECONNREFUSED);
                });
            }
        }
        return 0;
    }

    private Peer newPeer(SplittableRandom random) {
        Peer peer =
                new Peer(world, pairs, random, new SimTcp(world, AF_INET), pairs.peers.size(), !guestsWait, torrent);
        pairs.peers.add(peer);
        return peer;
    }

    /** Lets a client connect to a guest's listener. Does nothing if the listener is gone. */
    void client(int port, SplittableRandom random) {
        SimTcp listener = kernel.listener(new SocketAddress.IPv4(SERVER, port));
        if (listener == null) return;
        SimTcp here = new SimTcp(world, AF_INET);
        Pace.tune(here, random, torrent);
        Peer peer = newPeer(random);
        here.remote = new SocketAddress.IPv4(CLIENT, FIRST_CLIENT_PORT + pairs.peers.size());
        here.local = new SocketAddress.IPv4(SERVER, port);
        here.connected(peer.socket());
        listener.arrive(here);
        peer.start();
    }

    Peer peer(int port) {
        return peers.get(port);
    }

    int waiting(int port) {
        SimTcp listener = kernel.listener(new SocketAddress.IPv4(SERVER, port));
        return listener == null ? 0 : listener.waiting();
    }

    /** Checks the reply to a connect. A success must be the port's fate; a failure must have the right code. */
    void answered(int port, Reply reply) {
        Fate fate = places.get(port).fate;
        if (reply instanceof ConnectOk && fate != Fate.CONNECTED) {
            throw new Violation("ConnectOk for a connect that must fail: " + fate);
        }
        int refusal = refusals.getOrDefault(port, 0);
        if (refusal != 0 && !reply.equals(new ConnectErr(refusal))) {
            throw new Violation(reply + " where the code must be " + refusal);
        }
        if (reply instanceof ConnectErr(int code) && code <= 0)
            throw new Violation("ConnectErr with " + code + ", which is no errno");
    }
}
