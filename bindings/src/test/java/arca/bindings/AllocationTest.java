package arca.bindings;

import static arca.bindings.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import arca.testkit.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** In steady state no call allocates on the Java heap. */
class AllocationTest {
    private static Arena arena;
    private static Pipe pipe;
    private static Pipe other;
    private static Sockets.Pair pair;
    private static Epoll epoll;
    private static EventFd event;
    private static ScmRights message;
    private static Fd listener;

    @BeforeAll
    static void open() throws Exception {
        arena = Arena.ofConfined();
        pipe = Pipe.open(O_NONBLOCK);
        other = Pipe.open(O_NONBLOCK);
        pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
        epoll = new Epoll(arena, 4);
        event = EventFd.open();
        message = new ScmRights(arena, 64, 2);
        listener = Sockets.listen(new SocketAddress.IPv4(0x7f000001, 0), SOCK_NONBLOCK, 1);
    }

    @AfterAll
    static void close() {
        for (AutoCloseable owner : new AutoCloseable[] {listener, message, event, epoll, pair, other, pipe, arena}) {
            try {
                owner.close();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> callAllocatesNothing() {
        int reader = pipe.reader().value();
        int writer = pipe.writer().value();
        int first = pair.first().value();
        int second = pair.second().value();
        MemorySegment page = arena.allocate(4096);
        MemorySegment fds = new Poll(arena, 4).memory();
        MemorySegment events = Epoll.events(arena, 4);
        MemorySegment address = arena.allocate(SocketAddress.MAX_SIZE, 8);
        Map<String, Allocation.Code> calls = new LinkedHashMap<>();
        calls.put("write, read", () -> {
            Syscalls.write(writer, page);
            Syscalls.read(reader, page);
        });
        calls.put("write, read of a slice", () -> {
            Syscalls.write(writer, page.asSlice(1, 64));
            Syscalls.read(reader, page.asSlice(0, 64));
        });
        calls.put("splice, tee", () -> {
            Syscalls.write(writer, page);
            Syscalls.tee(reader, other.writer().value(), 4096, SPLICE_F_NONBLOCK);
            Syscalls.read(other.reader().value(), page);
            Syscalls.splice(reader, other.writer().value(), 4096, SPLICE_F_NONBLOCK);
            Syscalls.read(other.reader().value(), page);
        });
        calls.put("splice: EAGAIN", () -> Syscalls.splice(reader, first, 4096, SPLICE_F_NONBLOCK));
        calls.put("vmsplice", () -> {
            Syscalls.vmsplice(writer, page, SPLICE_F_NONBLOCK);
            Syscalls.vmsplice(reader, page, SPLICE_F_NONBLOCK);
        });
        calls.put("send, recv", () -> {
            Syscalls.send(first, page, MSG_NOSIGNAL);
            Syscalls.recv(second, page, 0);
        });
        calls.put("sendmsg, recvmsg", () -> {
            message.send(first, 27, 0, MSG_NOSIGNAL);
            message.receive(second, 0);
        });
        calls.put("poll", () -> Syscalls.poll(fds, 0));
        calls.put("epoll_ctl, epoll_wait", () -> {
            Syscalls.epoll_ctl(epoll.fd().value(), EPOLL_CTL_ADD, writer, EPOLLOUT | EPOLLET, 1L << 40);
            Syscalls.epoll_wait(epoll.fd().value(), events, 0);
            Syscalls.epoll_ctl(epoll.fd().value(), EPOLL_CTL_DEL, writer, 0, 0);
        });
        calls.put("Epoll", () -> {
            epoll.add(pipe.writer(), EPOLLOUT | EPOLLET, 1L << 40);
            assertEquals(1, epoll.await(0));
            assertEquals(1L << 40, epoll.token(0));
            epoll.delete(pipe.writer());
        });
        calls.put("eventfd", () -> {
            event.signal();
            event.drain();
        });
        calls.put("getsockopt, setsockopt", () -> {
            Syscalls.setsockopt(first, SOL_SOCKET, SO_SNDBUF, 65536);
            Syscalls.getsockopt(first, SOL_SOCKET, SO_ERROR);
        });
        calls.put("getsockname", () -> Syscalls.getsockname(listener.value(), address));
        calls.put("accept4: EAGAIN", () -> Syscalls.accept4(listener.value(), 0));
        calls.put("ioctl", () -> Syscalls.ioctl(second, FIONREAD));
        calls.put("fcntl", () -> Syscalls.fcntl(reader, F_GETFL, 0));
        calls.put("pipe2, close", () -> {
            Syscalls.pipe2(fds, O_CLOEXEC);
            Syscalls.close(fds.getAtIndex(JAVA_INT, 0));
            Syscalls.close(fds.getAtIndex(JAVA_INT, 1));
            fds.fill((byte) 0xff);
        });
        calls.put("gettid", Syscalls::gettid);
        return calls.entrySet().stream()
                .map(call -> dynamicTest(
                        call.getKey(),
                        () -> assertEquals(0, Allocation.bytesPerCall(call.getValue()), "bytes per call")));
    }
}
