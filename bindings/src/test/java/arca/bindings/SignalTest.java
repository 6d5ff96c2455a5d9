package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A signal ends poll, epoll_wait and connect with EINTR. Every other call that waits is made again, and the caller does
 * not notice. The signal is SIGWINCH, sent to the thread that waits. Its handler does not make the kernel restart calls:
 * siginterrupt(3).
 */
class SignalTest {
    private static final int SIGWINCH = 28;
    private static final Semaphore HANDLED = new Semaphore(0);
    private static final Downcall TGKILL = Downcall.ofInt("tgkill");

    @AutoClose
    private final Arena arena = Arena.ofShared();

    @BeforeAll
    static void handleTheSignal() throws Throwable {
        // By reflection: javac warns about sun.misc, and no option turns that off.
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object count =
                Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (self, method, args) -> {
                    HANDLED.release();
                    return null;
                });
        signal.getMethod("handle", signal, handler)
                .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), count);
        MethodHandle siginterrupt = Linkage.plain(
                "siginterrupt",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        assertEquals(0, (int) siginterrupt.invokeExact(SIGWINCH, 1));
    }

    private static void signal(Waiting waiting) throws Exception {
        assertEquals(0, TGKILL.call(Syscalls.getpid(), waiting.tid(), SIGWINCH));
        assertTrue(HANDLED.tryAcquire(Patience.SECONDS, TimeUnit.SECONDS), "the signal was not handled");
    }

    private void assertRetried(long expected, String name, LongSupplier call, Runnable cause) throws Exception {
        Waiting waiting = Waiting.in(name, call);
        signal(waiting);
        assertFalse(waiting.answer().isDone());
        cause.run();
        assertEquals(expected, waiting.get());
    }

    @Test
    void pollReturnsEintr() throws Exception {
        MemorySegment nothing = arena.allocate(8);
        nothing.set(ValueLayout.JAVA_INT, 0, -1);
        Waiting waiting = Waiting.in("poll", () -> Syscalls.poll(nothing, -1));
        signal(waiting);
        assertEquals(-Errno.EINTR, waiting.get());
    }

    @Test
    void epollWaitReturnsEintr() throws Exception {
        try (Epoll epoll = new Epoll(arena, 1)) {
            MemorySegment events = arena.allocate(Epoll.EVENT_SIZE, 8);
            Waiting waiting = Waiting.in(
                    "epoll_wait", () -> Syscalls.epoll_wait(epoll.fd().value(), events, -1));
            signal(waiting);
            assertEquals(-Errno.EINTR, waiting.get());
        }
    }

    @Test
    void pollAndEpollReturnZeroAfterASignal() throws Exception {
        try (Epoll epoll = new Epoll(arena, 1)) {
            Waiting inEpoll = Waiting.in("epoll_wait", () -> answer(() -> epoll.await(-1)));
            signal(inEpoll);
            assertEquals(0, inEpoll.get());
        }
        Poll poll = new Poll(arena, 1);
        Waiting inPoll = Waiting.in("poll", () -> answer(() -> poll.poll(-1)));
        signal(inPoll);
        assertEquals(0, inPoll.get());
    }

    @Test
    void connectReturnsEintrAndIsNotRetried() throws Exception {
        SocketAddress address = SocketAddress.Unix.abstractName("arca signal test " + Syscalls.getpid());
        MemorySegment sockaddr = address.toSockaddr(arena);
        // connect(2) waits while the backlog of a Unix listener is full; a backlog of 0 has room for one.
        try (Fd listener = Sockets.listen(address, 0, 0);
                Fd first = Sockets.connect(address);
                Fd second = Sockets.open(AF_UNIX, SOCK_STREAM)) {
            Waiting waiting = Waiting.in("connect", () -> Syscalls.connect(second.value(), sockaddr));
            signal(waiting);
            assertEquals(-Errno.EINTR, waiting.get());
            assertTrue(listener.isOpen() && first.isOpen());
        }
    }

    @Test
    void callsOnPipesAreRetried() throws Exception {
        MemorySegment page = arena.allocate(4096, 4096); // one page, so one slot of a pipe
        MemorySegment drained = arena.allocate(4096);
        try (Pipe in = Pipe.open(0, 4096);
                Pipe out = Pipe.open(0, 4096)) {
            int reader = in.reader().value();
            int writer = in.writer().value();
            assertRetried(4096, "read", () -> Syscalls.read(reader, page), () -> Syscalls.write(writer, page));
            Syscalls.write(writer, page);
            assertRetried(4096, "write", () -> Syscalls.write(writer, page), () -> Syscalls.read(reader, drained));
            Syscalls.read(reader, drained);
            assertRetried(
                    4096,
                    "splice",
                    () -> Syscalls.splice(reader, out.writer().value(), 4096, 0),
                    () -> Syscalls.write(writer, page));
            Syscalls.read(out.reader().value(), drained);
            assertRetried(
                    4096,
                    "tee",
                    () -> Syscalls.tee(reader, out.writer().value(), 4096, 0),
                    () -> Syscalls.write(writer, page));
            assertRetried(
                    4096, "vmsplice", () -> Syscalls.vmsplice(writer, page, 0), () -> Syscalls.read(reader, drained));
        }
    }

    @Test
    void callsOnSocketsAreRetried() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                ScmRights rights = new ScmRights(arena, 1, 0)) {
            int first = pair.first().value();
            int second = pair.second().value();
            MemorySegment one = arena.allocate(1);
            assertRetried(1, "recv", () -> Syscalls.recv(second, one, 0), () -> Syscalls.send(first, one, 0));
            assertRetried(1, "recvmsg", () -> rights.receive(second, 0), () -> Syscalls.send(first, one, 0));
            MemorySegment much = arena.allocate(1 << 20);
            long queued = Syscalls.send(first, much, MSG_DONTWAIT);
            MemorySegment all = arena.allocate(queued);
            assertRetried(1, "send", () -> Syscalls.send(first, one, 0), () -> Syscalls.recv(second, all, MSG_WAITALL));
            assertEquals(1, Syscalls.recv(second, one, 0));
            assertEquals(queued, Syscalls.send(first, much, MSG_DONTWAIT));
            assertRetried(
                    1, "sendmsg", () -> rights.send(first, 1, 0, 0), () -> Syscalls.recv(second, all, MSG_WAITALL));
        }
    }

    @Test
    void acceptAndFlockAreRetried(@TempDir Path folder) throws Exception {
        SocketAddress address = SocketAddress.Unix.path(folder.resolve("s").toString());
        try (Fd listener = Sockets.listen(address, 0, 1);
                Fd client = Sockets.open(AF_UNIX, SOCK_STREAM)) {
            Waiting waiting = Waiting.in("accept4", () -> Syscalls.accept4(listener.value(), SOCK_CLOEXEC));
            signal(waiting);
            assertEquals(0, Sockets.startConnect(client, address));
            new Fd(Math.toIntExact(waiting.get())).close();
        }
        String lock = folder.resolve("lock").toString();
        try (Fd first = Fd.open(lock, O_CREAT | O_RDWR, 0600);
                Fd second = Fd.open(lock, O_RDWR, 0)) {
            assertEquals(0, Syscalls.flock(first.value(), LOCK_EX));
            assertRetried(
                    0,
                    "flock",
                    () -> Syscalls.flock(second.value(), LOCK_EX),
                    () -> Syscalls.flock(first.value(), LOCK_UN));
        }
    }

    private static long answer(Callable<Integer> call) {
        try {
            return call.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
