package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Descriptors over a real Unix socket: unix(7), SCM_RIGHTS. */
class ScmRightsTest {
    private Arena arena;
    private Sockets.Pair pair;
    private ScmRights sender;
    private ScmRights receiver;

    @BeforeEach
    void open() throws Exception {
        arena = Arena.ofConfined();
        pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
        sender = new ScmRights(arena, 64, ScmRights.MAX_DESCRIPTORS);
        receiver = new ScmRights(arena, 64, 4);
    }

    @AfterEach
    void close() {
        receiver.close();
        sender.close();
        pair.close();
        arena.close();
    }

    private long send(String text, Fd... fds) {
        for (int i = 0; i < fds.length; i++) sender.put(i, fds[i].value());
        sender.bytes().asSlice(0, text.length()).copyFrom(java.lang.foreign.MemorySegment.ofArray(text.getBytes()));
        return sender.send(pair.first().value(), text.length(), fds.length, MSG_NOSIGNAL);
    }

    private String receive() {
        return receive(receiver);
    }

    private String receive(ScmRights into) {
        long n = into.receive(pair.second().value(), 0);
        assertTrue(n >= 0, () -> Errno.describe((int) -n));
        return new String(into.bytes().asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
    }

    @Test
    void descriptorsArriveInOrderAsDuplicates() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            assertEquals(5, send("ready", pipe.reader(), pipe.writer()));
            assertEquals("ready", receive());
            assertEquals(2, receiver.waiting());
            try (Fd reader = receiver.take();
                    Fd writer = receiver.take()) {
                assertEquals(FD_CLOEXEC, Syscalls.fcntl(reader.value(), F_GETFD, 0));
                pipe.reader().close();
                pipe.writer().close();
                Tcp.write(writer, 3);
                assertEquals(3, Tcp.read(reader, 10).length());
            }
            assertThrows(NoSuchElementException.class, receiver::take);
        }
    }

    @Test
    void closeClosesDescriptorsThatNobodyTook() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK)) {
            send("x", pipe.writer());
            assertEquals("x", receive());
            pipe.writer().close();
            assertEquals(0, Tcp.events(pipe.reader(), POLLIN), "the received duplicate keeps the pipe open");
            receiver.close();
            assertEquals(POLLHUP, Tcp.events(pipe.reader(), POLLIN));
        }
    }

    @Test
    void onlyMessagesWithoutDescriptorsAreJoined() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            send("plain");
            send("first", pipe.reader(), pipe.writer());
            send("second", pipe.reader());
            send("after");
            assertEquals("plainfirst", receive(), Tcp::kernel);
            assertEquals(2, receiver.waiting());
            assertEquals("second", receive(), Tcp::kernel);
            assertEquals(3, receiver.waiting());
            assertEquals("after", receive(), Tcp::kernel);
            assertEquals(3, receiver.waiting());
        }
    }

    @Test
    void shortReceiveTakesAllDescriptorsWithItsFirstBytes() throws Exception {
        try (Pipe pipe = Pipe.open(0);
                ScmRights threeBytes = new ScmRights(arena, 3, 2)) {
            send("connection", pipe.reader(), pipe.writer());
            assertEquals("con", receive(threeBytes));
            assertEquals(2, threeBytes.waiting(), Tcp::kernel);
            assertEquals("nec", receive(threeBytes));
            assertEquals(2, threeBytes.waiting());
        }
    }

    @Test
    void descriptorsWithoutRoomAreClosedAndReported() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                ScmRights one = new ScmRights(arena, 8, 1);
                ScmRights none = new ScmRights(arena, 8, 0)) {
            send("x", pipe.reader(), pipe.writer());
            assertEquals("x", receive(one));
            assertEquals(1, one.waiting(), "no second one in the padding");
            assertTrue(one.truncated());
            pipe.writer().close();
            assertEquals(POLLHUP, Tcp.events(pipe.reader(), POLLIN), "the lost one is closed");
            send("y", pipe.reader());
            assertEquals("y", receive(none));
            assertTrue(none.truncated());
            send("z");
            assertEquals("z", receive(one));
            assertFalse(one.truncated(), "only about the last message");
        }
    }

    @Test
    void largestMessageHas253Descriptors() throws Exception {
        Fd[] many = new Fd[ScmRights.MAX_DESCRIPTORS];
        java.util.Arrays.fill(many, pair.first());
        assertEquals(1, send("x", many));
        try (ScmRights large = new ScmRights(arena, 8, ScmRights.MAX_DESCRIPTORS)) {
            assertEquals("x", receive(large));
            assertEquals(ScmRights.MAX_DESCRIPTORS, large.waiting());
        }
    }

    @Test
    void messageWithoutBytesIsNotSent() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            assertEquals(0, send("", pipe.reader()));
            assertEquals(-Errno.EAGAIN, receiver.receive(pair.second().value(), 0), Tcp::kernel);
        }
    }

    @Test
    void plainReadClosesTheDescriptorsOfTheMessage() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK)) {
            send("x", pipe.writer());
            pipe.writer().close();
            assertEquals(0, Tcp.events(pipe.reader(), POLLIN), "in flight, so still open");
            assertEquals("x", Tcp.read(pair.second(), 8));
            assertEquals(POLLHUP, Tcp.events(pipe.reader(), POLLIN), Tcp::kernel);
        }
    }

    @Test
    void closedDescriptorCannotBeSent() {
        sender.put(0, 1 << 20);
        assertEquals(-Errno.EBADF, sender.send(pair.first().value(), 1, 1, 0));
    }

    @Test
    void sendBufferLimitsUnreadMessages() throws Exception {
        Sockets.setOption(pair.first(), SOL_SOCKET, SO_SNDBUF, 6144);
        int sent = 0;
        while (send("a ready frame of 27 bytes..", pair.first(), pair.first()) > 0) sent++;
        int frames = sent;
        assertEquals(16, frames, () -> "frames of 27 bytes and two descriptors " + Tcp.kernel());
        assertEquals(-Errno.EAGAIN, send("a ready frame of 27 bytes..", pair.first(), pair.first()));
    }

    @Test
    void senderGetsEpermIfTheReceiverRefusesDescriptors() throws Exception {
        int n = Syscalls.setsockopt(pair.second().value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
        Assumptions.assumeTrue(n != -Errno.ENOPROTOOPT, () -> "no SO_PASSRIGHTS " + Tcp.kernel());
        assertEquals(0, n);
        assertEquals(-Errno.EPERM, send("x", pair.first()), Tcp::kernel);
        assertEquals(1, send("x"), "bytes without descriptors pass");
        assertEquals("x", receive());
        assertEquals(2, sendBack("ok"), "descriptors pass in the other direction");
    }

    private long sendBack(String text) {
        sender.put(0, pair.first().value());
        return sender.send(pair.second().value(), text.length(), 1, 0);
    }
}
