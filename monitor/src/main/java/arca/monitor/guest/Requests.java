package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.control.MonitorSession;
import arca.control.ProtocolException;
import arca.monitor.reactor.Reactor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads a guest's requests from its control channel and gives them to the {@link Guest}, in the order in which they
 * were sent. It reads only while the guest may ask: {@link Guest#mayAsk}. Loop thread only.
 */
final class Requests implements AutoCloseable {
    private static final int BUFFER_SIZE = 4096; // bytes that one read takes
    private static final int MAX_PER_TURN = 64; // then the loop serves others

    private final Guest guest;
    private final Reactor reactor;
    private final ControlChannel channel;
    private final MonitorSession session = new MonitorSession();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(BUFFER_SIZE);
    private final Reactor.Task nextTurn = this::nextTurn; // one object: the loop's assertions recognise it
    private boolean turnScheduled;

    /** Creates a reader that has read nothing yet. */
    Requests(Guest guest, Reactor reactor, ControlChannel channel) {
        this.guest = guest;
        this.reactor = reactor;
        this.channel = channel;
    }

    /** Handles requests until none is left, or the guest may not ask, or others must have their turn. */
    void read() {
        if (turnScheduled) return;
        try {
            for (int handled = 0; guest.mayAsk(); handled++) {
                if (handled == MAX_PER_TURN) {
                    turnScheduled = true;
                    reactor.runLater(nextTurn);
                    return;
                }
                if (session.next()) guest.handle(session.requestId(), session.request());
                else if (!receive()) return;
            }
        } catch (ProtocolException e) {
            guest.malformedFrame(e);
        }
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
        arena.close();
    }
}
