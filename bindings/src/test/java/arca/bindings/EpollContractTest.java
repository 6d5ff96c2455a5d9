package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When edge-triggered epoll reports an event, and when not: epoll(7). */
class EpollContractTest {
    private static final int EDGES = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    private static final int PAGE = 4096;

    private Arena arena;
    private Epoll epoll;

    @BeforeEach
    void open() throws Exception {
        arena = Arena.ofConfined();
        epoll = new Epoll(arena, 8);
    }

    @AfterEach
    void close() {
        epoll.close();
        arena.close();
    }

    private void watch(Fd fd) throws Exception {
        epoll.add(fd, EDGES, fd.value());
        epoll.await(0); // reports events that are true already
    }

    private int edge() throws Exception {
        return epoll.await(0) == 0 ? 0 : epoll.events(0);
    }

    private int edgeInTime() throws Exception {
        assertEquals(1, epoll.await(10_000), Tcp::kernel);
        return epoll.events(0);
    }

    private static void assertIs(int expected, int actual, String what) {
        assertEquals(Integer.toHexString(expected), Integer.toHexString(actual), () -> what + " " + Tcp.kernel());
    }

    @Test
    void everyWriteIsAnEdgeAtTheReadEndEvenIfThePipeIsNotEmpty() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK)) {
            watch(pipe.reader());
            Tcp.write(pipe.writer(), 10);
            assertIs(EPOLLIN, edge(), "first write");
            Tcp.write(pipe.writer(), 10);
            assertIs(EPOLLIN, edge(), "second write, to a pipe that is not empty");
            Tcp.read(pipe.reader(), 5);
            assertIs(0, edge(), "our own partial read");
        }
    }

    @Test
    void fullPipeGivesAnEdgeWhenASlotIsFreed() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK, 4 * PAGE)) {
            watch(pipe.writer());
            for (int i = 0; i < 4; i++) Tcp.write(pipe.writer(), PAGE);
            assertIs(0, edge(), "our own writes");
            Tcp.read(pipe.reader(), PAGE - 1);
            assertIs(0, edge(), "part of a slot was read");
            Tcp.read(pipe.reader(), 1);
            assertIs(EPOLLOUT, edge(), "the whole slot was read");
            Tcp.read(pipe.reader(), PAGE);
            assertIs(0, edge(), "the next slot: the pipe was not full");
        }
    }

    @Test
    void growingAFullPipeIsAnEdge() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK, 4 * PAGE)) {
            watch(pipe.writer());
            for (int i = 0; i < 4; i++) Tcp.write(pipe.writer(), PAGE);
            pipe.capacity(8 * PAGE);
            assertIs(EPOLLOUT, edge(), "there is room");
        }
    }

    @Test
    void closingOneEndIsAnEdgeAtTheOther() throws Exception {
        try (Pipe first = Pipe.open(O_NONBLOCK);
                Pipe second = Pipe.open(O_NONBLOCK)) {
            watch(first.reader());
            Tcp.write(first.writer(), 1);
            edge();
            first.writer().close();
            assertIs(EPOLLIN | EPOLLHUP, edge(), "no writer left, data queued");
            epoll.delete(first.reader());
            watch(second.writer());
            second.reader().close();
            assertIs(EPOLLOUT | EPOLLERR, edge(), "no reader left");
        }
    }

    @Test
    void socketReportsDataEndAndReset() throws Exception {
        try (Tcp tcp = Tcp.open()) {
            watch(tcp.ours());
            tcp.arrive("data");
            assertIs(EPOLLIN | EPOLLOUT, edgeInTime(), "data");
            tcp.finish();
            assertIs(EPOLLIN | EPOLLOUT | EPOLLRDHUP, edgeInTime(), "the peer has ended, data is queued");
            Sockets.shutdown(tcp.ours(), SHUT_WR);
            assertIs(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP, edgeInTime(), "both ends");
        }
        try (Tcp tcp = Tcp.open()) {
            watch(tcp.ours());
            tcp.reset();
            assertIs(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP, edgeInTime(), "reset");
        }
    }

    @Test
    void unconnectedSocketReportsHangUp() throws Exception {
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)) {
            epoll.add(socket, EDGES, 0);
            assertIs(EPOLLOUT | EPOLLHUP, edge(), "so add it to epoll only after connect(2)");
        }
    }

    @Test
    void modifyReportsTrueEventsAgain() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK)) {
            watch(pipe.reader());
            Tcp.write(pipe.writer(), 1);
            assertIs(EPOLLIN, edge(), "once");
            assertIs(0, edge(), "not twice");
            epoll.modify(pipe.reader(), EDGES, 0);
            assertIs(EPOLLIN, edge(), "reported again");
        }
    }

    @Test
    void closedDescriptorStillReportsEventsWhileADuplicateIsOpen() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                ScmRights message = new ScmRights(arena, 1, 1)) {
            int number = pipe.reader().value();
            watch(pipe.reader());
            message.put(0, number); // a duplicate in flight
            assertEquals(1, message.send(pair.first().value(), 1, 1, 0));
            pipe.reader().close();
            Tcp.write(pipe.writer(), 1);
            assertIs(EPOLLIN, edge(), "an event of a closed descriptor");
            assertEquals(number, epoll.token(0));
            int gone = Syscalls.epoll_ctl(epoll.fd().value(), EPOLL_CTL_DEL, number, 0, 0);
            assertIs(-Errno.EBADF, gone, "it cannot be deleted");
        }
    }

    @Test
    void acknowledgementOfTheEndIsAnEdge() throws Exception {
        try (Tcp tcp = Tcp.open()) {
            watch(tcp.ours());
            Tcp.send(tcp.ours(), "all", 0);
            Sockets.shutdown(tcp.ours(), SHUT_WR);
            assertEquals("all", Tcp.read(tcp.peer(), 10));
            assertEquals("", Tcp.read(tcp.peer(), 10), "the end");
            int unsent;
            do {
                unsent = Syscalls.ioctl(tcp.ours().value(), SIOCOUTQ);
                if (unsent > 0) assertIs(EPOLLOUT, edgeInTime() & EPOLLOUT, "acknowledged");
            } while (unsent > 0);
        }
    }

    @Test
    void oneEdgeReportsAllWaitingConnections() throws Exception {
        try (Fd listener = Sockets.listen(Tcp.LOOPBACK, SOCK_NONBLOCK, 8);
                Fd first = Sockets.connect(Sockets.localAddress(listener))) {
            watch(listener);
            assertIs(0, edge(), "a connection from before: so accept at once after adding");
            try (Fd second = Sockets.connect(Sockets.localAddress(listener))) {
                assertIs(EPOLLIN, edgeInTime(), "one more connection");
                Sockets.accept(listener, 0).orElseThrow().close();
                assertIs(0, edge(), "no edge for the connection that still waits");
                Sockets.accept(listener, 0).orElseThrow().close();
                assertEquals(true, first.isOpen() && second.isOpen());
            }
        }
    }

    @Test
    void pollReportsHangUpsAlways() throws Exception {
        try (Pipe first = Pipe.open(O_NONBLOCK);
                Pipe second = Pipe.open(O_NONBLOCK)) {
            first.writer().close();
            assertIs(POLLHUP, Tcp.events(first.reader(), 0), "no writer");
            second.reader().close();
            assertIs(POLLERR, Tcp.events(second.writer(), 0), "no reader");
        }
    }
}
