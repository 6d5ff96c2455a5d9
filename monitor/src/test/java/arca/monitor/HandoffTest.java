package arca.monitor;

import static arca.bindings.Constants.FD_CLOEXEC;
import static arca.bindings.Constants.F_GETFD;
import static arca.bindings.Constants.F_GETFL;
import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.O_RDWR;
import static arca.bindings.Constants.O_WRONLY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.MessageType;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how the monitor hands a guest its ends of a data pipe. */
@ParameterizedClass
@EnumSource(Variant.class)
class HandoffTest {
    @Parameter
    Variant variant;

    @Test
    void readyFrameIsAMessageOfItsOwnWithTwoDescriptors() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            guest.ask(new ConnectRequest(listener.endpoint()));
            RawGuest.Message message = guest.receive();
            assertEquals(MessageType.CONNECT_OK.frameSize(), message.bytes().length);
            assertAsPromised(assertInstanceOf(ConnectOk.class, reply(message)).ready(), message.descriptors());
        }
    }

    @Test
    void incomingConnectionIsHandedOverInTheSameWay() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            try (Peer peer = Peer.connect(at)) {
                peer.finish();
                guest.ask(new AcceptRequest(listener));
                RawGuest.Message message = guest.receive();
                assertEquals(MessageType.INCOMING_CONNECTION.frameSize(), message.bytes().length);
                assertAsPromised(
                        assertInstanceOf(IncomingConnection.class, reply(message))
                                .ready(),
                        message.descriptors());
            }
        }
    }

    private static Reply reply(RawGuest.Message message) throws Exception {
        return Reply.decode(MemorySegment.ofArray(message.bytes()), 0);
    }

    /** Checks the ends: first the read end, then the write end; both blocking, close-on-exec, and of the promised size. */
    private static void assertAsPromised(ConnectionReady ready, List<Fd> descriptors) {
        assertEquals(2, descriptors.size());
        int reader = descriptors.get(0).value();
        int writer = descriptors.get(1).value();
        int mode = O_WRONLY | O_RDWR | O_NONBLOCK;
        assertEquals(0, Syscalls.fcntl(reader, F_GETFL, 0) & mode, "the first is to read from, and blocks");
        assertEquals(O_WRONLY, Syscalls.fcntl(writer, F_GETFL, 0) & mode, "the second is to write to, and blocks");
        assertEquals(FD_CLOEXEC, Syscalls.fcntl(reader, F_GETFD, 0));
        assertEquals(FD_CLOEXEC, Syscalls.fcntl(writer, F_GETFD, 0));
        assertEquals(ready.pipe().ringSize(), Syscalls.fcntl(reader, F_GETPIPE_SZ, 0));
        assertEquals(ready.pipe().ringSize(), Syscalls.fcntl(writer, F_GETPIPE_SZ, 0));
    }

    @Test
    void pipesCarryTheirOwnDirection() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.side().send("up");
            assertEquals("up", joined.peer().receive(2));
            joined.peer().send("down");
            assertEquals("down", joined.side().receive(4));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65_536, 1 << 20})
    void pipesHaveTheSizeThatWasConfigured(int size) throws Exception {
        try (Joined joined =
                Joined.by(variant, config -> config.toBuilder().pipeSize(size).build())) {
            assertEquals(size, joined.side().ready.pipe().ringSize());
            assertEquals(size, Syscalls.fcntl(joined.side().output.value(), F_GETPIPE_SZ, 0));
        }
    }

    @Test
    void repliesThatAreNotReadWaitWithTheirDescriptors() throws Exception {
        int many = 100; // the control socket holds 16
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open(many)) {
            for (int i = 0; i < many; i++) guest.ask(new ConnectRequest(listener.endpoint()));
            boolean[] answered = new boolean[many + 1];
            for (int i = 0; i < many; i++) {
                RawGuest.Answer answer = guest.answer();
                assertFalse(answered[answer.requestId()], () -> "answered twice: " + answer);
                answered[answer.requestId()] = true;
                answer.side().orElseThrow().close();
            }
            for (int i = 0; i < many; i++) {
                try (Peer peer = listener.accept()) {
                    peer.assertEnd();
                }
            }
        }
    }
}
