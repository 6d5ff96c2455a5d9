package arca.monitor.sim;

import java.util.ArrayList;
import java.util.List;

/** Who talks to whom, found out by what they hear; and at the end whether everybody has heard everything. */
final class Pairs {
    final List<Peer> peers = new ArrayList<>();
    final List<GuestPipe> guests = new ArrayList<>();

    void peerHears(Peer peer, int guest) {
        if (guest < 0 || guest >= guests.size()) throw peer.down.violation("its peer hears nobody's bytes");
        join(peer, guests.get(guest));
    }

    void guestHears(GuestPipe guest, int peer) {
        if (peer < 0 || peer >= peers.size()) throw guest.up.violation("its guest hears nobody's bytes");
        join(peers.get(peer), guest);
    }

    void join(Peer peer, GuestPipe guest) {
        if (peer.guest == null && guest.peer == null) {
            peer.guest = guest;
            guest.peer = peer;
        } else if (peer.guest != guest) {
            throw guest.up.violation("its bytes go to another's peer: " + peer.down);
        }
    }

    /**
     * At the end of a history in which nobody has killed the connections.
     *
     * @param refused whether the kernel came to refuse the monitor what moves bytes: what is lost then is lost by a reset, which
     *     a pipe cannot tell of
     */
    void check(boolean refused) {
        int mayHaveHeardNothing = 0;
        for (Peer peer : peers) {
            if (!peer.isDone()) throw peer.down.violation("the peer waits for an end that does not come");
            if (peer.guest != null) check(peer, peer.guest, refused);
            else if (peer.resets()
                    || peer.wasReset()
                    || refused && peer.socket().wasReset()) mayHaveHeardNothing++;
        }
        for (GuestPipe guest : guests) {
            if (!guest.isDone()) throw guest.up.violation("the guest waits for an end that does not come");
            if (guest.peer == null && guest.up.sent() >= Stream.HEADER && mayHaveHeardNothing-- == 0) {
                throw guest.up.violation("nobody has heard a byte");
            }
        }
    }

    private static void check(Peer peer, GuestPipe guest, boolean refused) {
        if (!peer.resets() && !(refused && peer.socket().wasReset()) && guest.up.received() != guest.up.sent()) {
            throw guest.up.violation(peer.wasReset() ? "lost by a reset" : "lost before the end");
        }
        if (!guest.hasReadAll() || refused) return;
        long toCome = peer.resets() ? peer.arrived() : peer.down.sent();
        if (peer.down.received() != toCome) throw peer.down.violation(toCome + " were to come before the end");
    }
}
