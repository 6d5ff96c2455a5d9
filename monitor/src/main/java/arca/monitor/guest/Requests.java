package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.control.MonitorSession;
import arca.control.ProtocolException;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads a guest's requests from its control channel and gives them to the {@link Guest}, in the order in which they
 * were sent. It reads only while the guest may ask: {@link Guest#mayAsk}. Loop thread only.
 */
final class Requests implements AutoCloseable {
    private static final int BUFFER_SIZE = 4096; // bytes that one read takes
    private static final int MAX_PER_TURN = 256; // then the loop serves others

    private final Guest guest;
    private final GuestAccount account;
    private final Replies replies;
    private final Reactor reactor;
    private final ControlChannel channel;
    private final MonitorSession session = new MonitorSession();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(BUFFER_SIZE);
    private final Reactor.Task nextTurn = this::nextTurn; // one object: the loop's assertions recognise it
    private final Timer rate = new Timer(this::read);
    private boolean mayHandleNext; // the account has given leave for the next request
    private boolean turnScheduled;

    /** Creates a reader that has read nothing yet. */
    Requests(Guest guest, GuestAccount account, Replies replies, Reactor reactor, ControlChannel channel) {
        this.guest = guest;
        this.account = account;
        this.replies = replies;
        this.reactor = reactor;
        this.channel = channel;
    }

    /**
     * Handles requests until none is left, or the guest may not ask, or its user has sent too many, or others must have their
     * turn.
     */
    void read() {
        if (turnScheduled || rate.isScheduled()) return;
        replies.hold();
        try {
            readAll();
            replies.release();
        } catch (ProtocolException e) {
            replies.release();
            guest.malformedFrame(e);
        }
    }

    private void readAll() throws ProtocolException {
        for (int handled = 0; guest.mayAsk(); ) {
            if (handled == MAX_PER_TURN) {
                turnScheduled = true;
                reactor.runLater(nextTurn);
                return;
            }
            if (!mayHandleNext && !takeLeave()) return;
            if (session.next()) {
                mayHandleNext = false;
                guest.handle(session.requestId(), session.request());
                handled++;
            } else {
                replies.release(); // before a call that the guest would wait for
                if (!receive()) return;
                replies.hold();
            }
        }
    }

    /** Takes leave for one more request. Returns false if it must be handled later; then it is. */
    private boolean takeLeave() {
        long nanos = account.takeRequest();
        mayHandleNext = true;
        if (nanos > 0) reactor.schedule(rate, nanos);
        return nanos == 0;
    }

    private void nextTurn() {
        turnScheduled = false;
        read();
    }

    /** Reads once. Returns false if nothing has come, or the channel has ended. */
    private boolean receive() throws ProtocolException {
        long n = channel.receive(buffer);
        if (n == -Errno.EAGAIN) {
            reactor.expect(channel.reader(), EPOLLIN | EPOLLRDHUP);
            return false;
        }
        if (n > 0) {
            session.received(buffer, 0, n);
            return true;
        }
        if (n == 0) session.end();
        guest.channelEnded((int) -n);
        return false;
    }

    /** Frees the buffer. {@link #read} must not be called any more, unless the guest may not ask. */
    @Override
    public void close() {
        reactor.cancel(rate);
        arena.close();
    }
}
