package arca.bindings;

import static arca.bindings.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import arca.bindings.generated.Linux;
import arca.testkit.Allocation;
import arca.testkit.ChildJvm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Measures what calls allocate on the Java heap. The linker creates an object in each call that captures errno. The JIT
 * compiler removes it if it has inlined enough by then, which depends on threads and load. So the test uses two JVMs
 * with fixed behaviour: one removes no objects at all, the other compiles in the foreground, with a whole profile.
 */
class AllocationTest {
    /** Prints, for each call, how many bytes it may allocate and how many it does. */
    static final class Measure {
        private static final MethodHandle BARE = Linkage.capturingErrno("getpid", Linux.getpid$descriptor());

        private static Object sink; // the compiler cannot remove an object that is stored here

        private Measure() {}

        /** The arguments are the rounds and the calls per round. The first rounds load, link and compile. */
        public static void main(String[] args) throws Exception {
            int rounds = Integer.parseInt(args[0]);
            int times = Integer.parseInt(args[1]);
            MemorySegment errno = Linkage.callState().errno;
            double bare = Allocation.bytesPerCall(rounds, times, () -> bareCall(errno));
            double owner = Allocation.bytesPerCall(rounds, times, () -> sink = new Fd(0));
            System.out.println("linker\t0.0\t" + bare);
            try (Calls calls = new Calls()) {
                for (Call call : calls.all()) {
                    double allowed = call.calls * bare + call.owners * owner;
                    double allocated = Allocation.bytesPerCall(rounds, times, call.code);
                    System.out.println(call.name + "\t" + allowed + "\t" + allocated);
                }
            }
        }

        private static void bareCall(MemorySegment errno) {
            try {
                int pid = (int) BARE.invokeExact(errno);
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }
    }

    /** @param calls how many calls {@code code} makes; {@code owners} how many {@link Fd} objects it creates */
    private record Call(String name, int calls, int owners, Allocation.Code code) {}

    private static final class Calls implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();
        private final Pipe pipe = Pipe.open(O_NONBLOCK);
        private final Pipe other = Pipe.open(O_NONBLOCK);
        private final Sockets.Pair pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
        private final Epoll epoll = new Epoll(arena, 4);
        private final EventFd event = EventFd.open();
        private final ScmRights message = new ScmRights(arena, 64, 2);
        private final Fd listener = Sockets.listen(Tcp.LOOPBACK, SOCK_NONBLOCK, 1);

        Calls() throws Exception {}

        @Override
        public void close() {
            listener.close();
            message.close();
            event.close();
            epoll.close();
            pair.close();
            other.close();
            pipe.close();
            arena.close();
        }

        List<Call> all() {
            int reader = pipe.reader().value();
            int writer = pipe.writer().value();
            int first = pair.first().value();
            int second = pair.second().value();
            MemorySegment page = arena.allocate(4096);
            MemorySegment fds = new Poll(arena, 4).memory();
            MemorySegment events = Epoll.events(arena, 4);
            MemorySegment address = arena.allocate(SocketAddress.MAX_SIZE, 8);
            List<Call> calls = new ArrayList<>();
            calls.add(new Call("write, read", 2, 0, () -> {
                Syscalls.write(writer, page);
                Syscalls.read(reader, page);
            }));
            calls.add(new Call("write, read of a part", 2, 0, () -> {
                Syscalls.write(writer, page, 1, 64);
                Syscalls.read(reader, page, 4000, 96);
            }));
            calls.add(new Call("send, recv", 2, 0, () -> {
                Syscalls.send(first, page, MSG_NOSIGNAL);
                Syscalls.recv(second, page, 0);
            }));
            calls.add(new Call("send, recv of a part", 2, 0, () -> {
                Syscalls.send(first, page, 1, 64, MSG_NOSIGNAL);
                Syscalls.recv(second, page, 4000, 96, 0);
            }));
            calls.add(new Call("splice, tee", 5, 0, () -> {
                Syscalls.write(writer, page);
                Syscalls.tee(reader, other.writer().value(), 4096, SPLICE_F_NONBLOCK);
                Syscalls.read(other.reader().value(), page);
                Syscalls.splice(reader, other.writer().value(), 4096, SPLICE_F_NONBLOCK);
                Syscalls.read(other.reader().value(), page);
            }));
            calls.add(new Call("splice: EAGAIN", 1, 0, () -> Syscalls.splice(reader, first, 4096, SPLICE_F_NONBLOCK)));
            calls.add(new Call("vmsplice", 2, 0, () -> {
                Syscalls.vmsplice(writer, page, SPLICE_F_NONBLOCK);
                Syscalls.vmsplice(reader, page, SPLICE_F_NONBLOCK);
            }));
            calls.add(new Call("sendmsg, recvmsg", 2, 0, () -> {
                message.send(first, 27, 0, MSG_NOSIGNAL);
                message.receive(second, 0);
            }));
            calls.add(new Call("sendmsg, recvmsg of two descriptors", 4, 2, () -> {
                message.put(0, reader);
                message.put(1, writer);
                message.send(first, 27, 2, MSG_NOSIGNAL);
                message.receive(second, 0);
                message.take().close();
                message.take().close();
            }));
            calls.add(new Call("poll", 1, 0, () -> Syscalls.poll(fds, 0)));
            calls.add(new Call("Epoll", 3, 0, () -> {
                epoll.add(pipe.writer(), EPOLLOUT | EPOLLET, 1L << 40);
                int n = epoll.await(0);
                if (n != 1 || epoll.token(0) != 1L << 40) throw new AssertionError("events: " + n);
                epoll.delete(pipe.writer());
            }));
            calls.add(new Call(
                    "epoll_wait", 1, 0, () -> Syscalls.epoll_wait(epoll.fd().value(), events, 0)));
            calls.add(new Call("EventFd", 2, 0, () -> {
                event.signal();
                event.drain();
            }));
            calls.add(new Call("getsockopt, setsockopt", 2, 0, () -> {
                Syscalls.setsockopt(first, SOL_SOCKET, SO_SNDBUF, 65536);
                Syscalls.getsockopt(first, SOL_SOCKET, SO_ERROR);
            }));
            calls.add(new Call("getsockname", 1, 0, () -> Syscalls.getsockname(listener.value(), address)));
            calls.add(new Call("accept4: EAGAIN", 1, 0, () -> Syscalls.accept4(listener.value(), 0)));
            calls.add(new Call("ioctl", 1, 0, () -> Syscalls.ioctl(second, FIONREAD)));
            calls.add(new Call("fcntl", 1, 0, () -> Syscalls.fcntl(reader, F_GETFL, 0)));
            calls.add(new Call("pipe2, close", 3, 0, () -> {
                Syscalls.pipe2(page, O_CLOEXEC);
                Syscalls.close(page.getAtIndex(JAVA_INT, 0));
                Syscalls.close(page.getAtIndex(JAVA_INT, 1));
            }));
            calls.add(new Call("gettid", 1, 0, Syscalls::gettid));
            return calls;
        }
    }

    /** Our code allocates nothing even without the compiler's help: only the linker's object for each call. */
    @TestFactory
    Stream<DynamicTest> callsAllocateNoMoreThanTheLinker() throws Exception {
        return measured(5, 200, "-XX:-DoEscapeAnalysis").skip(1).map(AllocationTest::allowedIsAllocated);
    }

    /** Compiled code does not allocate the linker's object either. */
    @TestFactory
    Stream<DynamicTest> compiledCallsAllocateNothing() throws Exception {
        return measured(5, 5000, "-XX:-TieredCompilation", "-Xbatch").map(AllocationTest::allowedIsAllocated);
    }

    private static DynamicTest allowedIsAllocated(String[] call) {
        return dynamicTest(call[0], () -> assertEquals(call[1], call[2], "bytes per call"));
    }

    private static Stream<String[]> measured(int rounds, int times, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
        command.addAll(List.of(options));
        command.addAll(ChildJvm.sameClasses());
        command.addAll(List.of(Measure.class.getName(), Integer.toString(rounds), Integer.toString(times)));
        ChildJvm.Result child = ChildJvm.run(command);
        assertEquals(0, child.status(), child.output());
        List<String[]> calls =
                child.output().lines().map(line -> line.split("\t")).toList();
        assertTrue(calls.size() > 1, child.output());
        return calls.stream();
    }
}
