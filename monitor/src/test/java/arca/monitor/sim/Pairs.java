package arca.monitor.sim;

import java.util.ArrayList;
import java.util.List;

/** Finds out from the bytes which guest talks to which peer. At the end it checks that all bytes have arrived. */
final class Pairs {
    final List<Peer> peers = new ArrayList<>();
    final List<GuestPipe> guests = new ArrayList<>();

    void peerHears(Peer peer, int guest) {
        if (guest < 0 || guest >= guests.size())
            throw peer.down.violation("the peer received bytes that no guest sent");
        join(peer, guests.get(guest));
    }

    void guestHears(GuestPipe guest, int peer) {
        if (peer < 0 || peer >= peers.size()) throw guest.up.violation("the guest received bytes that no peer sent");
        join(peers.get(peer), guest);
    }

    void join(Peer peer, GuestPipe guest) {
        if (peer.guest == null && guest.peer == null) {
            peer.guest = guest;
            guest.peer = peer;
        } else if (peer.guest != guest) {
            throw guest.up.violation("bytes were delivered to the wrong stream: " + peer.down);
        }
    }

    /**
     * Checks the end of a history in which nobody killed the connections.
     *
     * @param refused whether the kernel began to refuse splice(2). Bytes may then be lost, but only by a reset, which a pipe
     *     cannot report
     */
    void check(boolean refused) {
        int mayHaveHeardNothing = 0;
        for (Peer peer : peers) {
            if (!peer.isDone())
                throw peer.down.violation("the peer waits for the end of the stream, and it never comes");
            if (peer.guest != null) check(peer, peer.guest, refused);
            else if (peer.resets()
                    || peer.wasReset()
                    || refused && peer.socket().wasReset()) mayHaveHeardNothing++;
        }
        for (GuestPipe guest : guests) {
            if (!guest.isDone())
                throw guest.up.violation("the guest waits for the end of the stream, and it never comes");
            if (guest.peer == null && guest.up.sent() >= Stream.HEADER && mayHaveHeardNothing-- == 0) {
                throw guest.up.violation("no peer received a byte of this stream");
            }
        }
    }

    private static void check(Peer peer, GuestPipe guest, boolean refused) {
        if (!peer.resets() && !(refused && peer.socket().wasReset()) && guest.up.received() != guest.up.sent()) {
            throw guest.up.violation(peer.wasReset() ? "bytes were lost by a reset" : "the end came before all bytes");
        }
        if (!guest.hasReadAll() || refused) return;
        long toCome = peer.resets() ? peer.arrived() : peer.down.sent();
        if (peer.down.received() != toCome)
            throw peer.down.violation("the end came before all " + toCome + " bytes that must arrive");
    }
}
