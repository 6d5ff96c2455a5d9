package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.MessageType.Sender;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.testkit.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/**
 * What the hot path allocates in steady state, on native memory and on the heap. The build runs this test without escape
 * analysis, so the code itself must not allocate: the compiler does not remove allocations here.
 */
class AllocationTest {
    private static final Endpoint AT = new Endpoint(0x7f000001, 8080);
    private static final ConnectionReady READY = new ConnectionReady(0, 2, new DataPipeInfo(3, 65536));
    private static final Request[] REQUESTS = {new ListenRequest(AT), new ConnectRequest(AT), new AcceptRequest(1)};
    private static final Reply[] REPLIES = {
        new ListenOk(1), new ConnectOk(READY), new IncomingConnection(READY), new ListenErr(98)
    };

    private final MemorySegment heap = MemorySegment.ofArray(new byte[64]);
    private final MemorySegment memory = Arena.ofAuto().allocate(64);
    private volatile Object sink; // so that decoded messages escape, as they do to a caller

    @Test
    void encodingAMessageAllocatesNothing() throws Exception {
        assertEquals(0.0, Allocation.bytesPerCall(() -> {
            for (Request request : REQUESTS) request.encode(7, memory, request.encode(7, heap, 1));
            for (Reply reply : REPLIES) reply.encode(7, memory, reply.encode(7, heap, 1));
        }));
    }

    @Test
    void validatingAHeaderAllocatesNothing() throws Exception {
        REQUESTS[0].encode(7, heap, 1);
        REQUESTS[1].encode(7, memory, 3);
        assertEquals(0.0, Allocation.bytesPerCall(() -> {
            int sum = Wire.type(heap, 1, Sender.GUEST).frameSize() + Wire.requestId(heap, 1);
            if (sum != 20) throw new AssertionError(sum);
            sum = Wire.type(memory, 3, Sender.GUEST).frameSize() + Wire.requestId(memory, 3);
            if (sum != 20) throw new AssertionError(sum);
        }));
    }

    @Test
    void assemblingWholeAndSplitFramesAllocatesNothing() throws Exception {
        FrameAssembler assembler = new FrameAssembler(Sender.MONITOR);
        long size = REPLIES[1].encode(7, memory, 0);
        REPLIES[1].encode(8, memory, size);
        assertEquals(0.0, Allocation.bytesPerCall(() -> {
            int frames = 0;
            assembler.received(memory, 0, size + 9);
            while (assembler.next()) frames++;
            assembler.received(memory, size + 9, size - 9);
            while (assembler.next()) frames++;
            if (frames != 2) throw new AssertionError(frames);
        }));
    }

    @Test
    void decodingAllocatesOnlyTheRecordsItReturns() throws Exception {
        REQUESTS[0].encode(7, heap, 1);
        REQUESTS[2].encode(7, heap, 20);
        assertSameBytes(() -> sink = new ListenRequest(new Endpoint(1, 2)), () -> sink = Request.decode(heap, 1));
        assertSameBytes(() -> sink = new AcceptRequest(1), () -> sink = Request.decode(heap, 20));
        REPLIES[1].encode(7, memory, 1);
        REPLIES[3].encode(7, memory, 30);
        assertSameBytes(
                () -> sink = new ConnectOk(new ConnectionReady(0, 1, new DataPipeInfo(1, 2))),
                () -> sink = Reply.decode(memory, 1));
        assertSameBytes(() -> sink = new ListenErr(1), () -> sink = Reply.decode(memory, 30));
    }

    @Test
    void monitorSessionAllocatesOnlyItsRequests() throws Exception {
        MonitorSession session = new MonitorSession();
        long size = REQUESTS[0].encode(7, memory, 0);
        long both = size + REQUESTS[2].encode(8, memory, size);
        assertSameBytes(
                () -> {
                    sink = new ListenRequest(new Endpoint(1, 2));
                    sink = new AcceptRequest(1);
                },
                () -> {
                    session.received(memory, 0, both - 3);
                    while (session.next()) sink = session.request();
                    session.received(memory, both - 3, 3);
                    while (session.next()) sink = session.request();
                });
    }

    @Test
    void takingAndReleasingAnIdAllocatesNothing() throws Exception {
        IdAllocator ids = new IdAllocator(-1_000_000); // beyond the Integers that the JDK keeps
        assertEquals(0.0, Allocation.bytesPerCall(() -> ids.release(ids.take())));
    }

    private static void assertSameBytes(Allocation.Code records, Allocation.Code code) throws Exception {
        double expected = Allocation.bytesPerCall(records);
        assertEquals(expected, Allocation.bytesPerCall(code));
    }
}
