package arca.monitor.guest;

import arca.bindings.Fd;
import arca.control.guest.DataPipes.Ends;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;

/**
 * Two kernel pipes, for a guest in this process. Pipes carry no descriptors: the guest takes its ends by pipe_id, and what
 * it has not taken closes with the channel. A frame is shorter than PIPE_BUF, so it is written whole or not at all:
 * pipe(7).
 */
public final class PipePairChannel implements ControlChannel {
    private final Kernel kernel;
    private final Descriptor requests;
    private final Descriptor replies;
    private final Map<Integer, Ends> untaken;

    /**
     * Takes ownership of two non-blocking pipe ends.
     *
     * @param untaken where ends wait to be taken, by any thread
     */
    public PipePairChannel(Kernel kernel, Descriptor requests, Descriptor replies, Map<Integer, Ends> untaken) {
        this.kernel = kernel;
        this.requests = requests;
        this.replies = replies;
        this.untaken = untaken;
    }

    @Override
    public Descriptor reader() {
        return requests;
    }

    @Override
    public Descriptor writer() {
        return replies;
    }

    @Override
    public long receive(MemorySegment buffer) {
        return kernel.read(requests.fd(), buffer, 0, buffer.byteSize());
    }

    @Override
    public long send(MemorySegment frame, int length) {
        return kernel.write(replies.fd(), frame, 0, length);
    }

    /** The ends are there to be taken before the guest can read that they are. */
    @Override
    public long send(MemorySegment frame, int length, int pipeId, DataPipe pipe) {
        int reader = pipe.guestReader().fd();
        int writer = pipe.guestWriter().fd();
        untaken.put(pipeId, new Ends(new Fd(reader), new Fd(writer)));
        long n = send(frame, length);
        if (n > 0) {
            pipe.guestReader().release();
            pipe.guestWriter().release();
        } else {
            untaken.remove(pipeId);
        }
        return n;
    }

    @Override
    public void close() {
        requests.close();
        replies.close();
        for (Integer pipeId : untaken.keySet())
            Optional.ofNullable(untaken.remove(pipeId)).ifPresent(PipePairChannel::close);
    }

    static void close(Ends ends) {
        ends.reader().close();
        ends.writer().close();
    }
}
