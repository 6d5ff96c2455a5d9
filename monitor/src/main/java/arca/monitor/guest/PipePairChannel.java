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
 * A control channel of two kernel pipes, for a guest in the monitor's process. Pipes carry no descriptors, so the guest
 * takes its ends of a data pipe from a table, by pipe_id. Ends that nobody has taken are closed with the channel. A
 * frame is shorter than PIPE_BUF, so the kernel writes it whole or not at all: pipe(7).
 */
public final class PipePairChannel implements ControlChannel {
    private final Kernel kernel;
    private final Descriptor requests;
    private final Descriptor replies;
    private final Map<Integer, Ends> untaken;

    /**
     * Creates a channel, which owns two non-blocking pipe ends.
     *
     * @param untaken the guest's ends that nobody has taken yet, by pipe_id; any thread may take them
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

    /**
     * Puts the ends into the table before it sends the reply: the guest may take them as soon as it has read the reply.
     */
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
