package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Provokes errors of each call other than EBADF, on real descriptors, as its man page lists them. Errors that need more
 * than one call are in other tests.
 */
class ErrorsTest {
    private static final int NO_SUCH_FLAG = 1 << 30;

    /** Calls that cannot fail, calls that fail only with EBADF (BadDescriptorTest), and poll(2) (LimitsTest). */
    private static final Set<String> WITHOUT =
            Set.of("getpid", "geteuid", "getegid", "gettid", "close", "inode", "poll");

    private Arena arena;
    private Pipe pipe;
    private Pipe full;
    private Fd tcp;
    private Fd folder;

    @BeforeEach
    void open() throws Exception {
        arena = Arena.ofConfined();
        pipe = Pipe.open(O_NONBLOCK);
        full = Pipe.open(O_NONBLOCK, 4096);
        Tcp.write(full.writer(), 4096);
        tcp = Sockets.open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        folder = Fd.open("/proc/self", O_RDONLY, 0);
    }

    @AfterEach
    void close() {
        folder.close();
        tcp.close();
        full.close();
        pipe.close();
        arena.close();
    }

    private record Failure(String call, String because, int errno, LongSupplier answer) {}

    private Stream<Failure> failures() {
        int reader = pipe.reader().value();
        int writer = pipe.writer().value();
        int noRoom = full.writer().value();
        int socket = tcp.value();
        MemorySegment memory = arena.allocate(48, 8);
        MemorySegment statx = arena.allocate(256, 8);
        MemorySegment unix = SocketAddress.Unix.path("/no/such/folder/s").toSockaddr(arena);
        MemorySegment inFolder = arena.allocateFrom("/proc/self/no such file");
        return Stream.of(
                new Failure("pipe2", "flag", Errno.EINVAL, () -> Syscalls.pipe2(memory, NO_SUCH_FLAG)),
                new Failure("splice", "no pipe", Errno.EINVAL, () -> Syscalls.splice(socket, socket, 1, 0)),
                new Failure("splice", "not connected", Errno.ENOTCONN, () -> Syscalls.splice(socket, writer, 1, 0)),
                new Failure("splice", "no room", Errno.EAGAIN, () -> Syscalls.splice(reader, noRoom, 1, 0)),
                new Failure("tee", "one pipe", Errno.EINVAL, () -> Syscalls.tee(reader, writer, 1, 0)),
                new Failure("tee", "no pipe", Errno.EINVAL, () -> Syscalls.tee(socket, writer, 1, 0)),
                new Failure("vmsplice", "no pipe", Errno.EBADF, () -> Syscalls.vmsplice(socket, memory, 0)),
                new Failure(
                        "vmsplice",
                        "no room",
                        Errno.EAGAIN,
                        () -> Syscalls.vmsplice(noRoom, memory, SPLICE_F_NONBLOCK)),
                new Failure("read", "a folder", Errno.EISDIR, () -> Syscalls.read(folder.value(), memory)),
                new Failure("read", "the write end", Errno.EBADF, () -> Syscalls.read(writer, memory)),
                new Failure("read", "empty", Errno.EAGAIN, () -> Syscalls.read(reader, memory)),
                new Failure("pread", "a pipe", Errno.ESPIPE, () -> Syscalls.pread(reader, memory, 0)),
                new Failure("write", "the read end", Errno.EBADF, () -> Syscalls.write(reader, memory)),
                new Failure("write", "no room", Errno.EAGAIN, () -> Syscalls.write(noRoom, memory)),
                new Failure("recv", "not connected", Errno.ENOTCONN, () -> Syscalls.recv(socket, memory, 0)),
                new Failure("recv", "a pipe", Errno.ENOTSOCK, () -> Syscalls.recv(reader, memory, 0)),
                new Failure("send", "not connected", Errno.EPIPE, () -> Syscalls.send(socket, memory, MSG_NOSIGNAL)),
                new Failure("send", "a pipe", Errno.ENOTSOCK, () -> Syscalls.send(writer, memory, 0)),
                new Failure("epoll_create1", "flag", Errno.EINVAL, () -> Syscalls.epoll_create1(NO_SUCH_FLAG)),
                new Failure("epoll_ctl", "no epoll", Errno.EINVAL, () -> Syscalls.epoll_ctl(reader, 1, writer, 0, 0)),
                new Failure("epoll_wait", "no epoll", Errno.EINVAL, () -> Syscalls.epoll_wait(reader, memory, 0)),
                new Failure("eventfd", "flag", Errno.EINVAL, () -> Syscalls.eventfd(0, NO_SUCH_FLAG)),
                new Failure("socket", "family", Errno.EAFNOSUPPORT, () -> Syscalls.socket(99, SOCK_STREAM, 0)),
                new Failure("socket", "type", Errno.EINVAL, () -> Syscalls.socket(AF_INET, NO_SUCH_FLAG, 0)),
                new Failure(
                        "socketpair",
                        "of TCP",
                        Errno.EOPNOTSUPP,
                        () -> Syscalls.socketpair(AF_INET, SOCK_STREAM, 0, memory)),
                new Failure("bind", "family", Errno.EAFNOSUPPORT, () -> Syscalls.bind(socket, unix)),
                new Failure("bind", "a pipe", Errno.ENOTSOCK, () -> Syscalls.bind(reader, unix)),
                new Failure("listen", "a pipe", Errno.ENOTSOCK, () -> Syscalls.listen(reader, 1)),
                new Failure("accept4", "not listening", Errno.EINVAL, () -> Syscalls.accept4(socket, 0)),
                new Failure("accept4", "flag", Errno.EINVAL, () -> Syscalls.accept4(socket, NO_SUCH_FLAG)),
                new Failure("connect", "family", Errno.EAFNOSUPPORT, () -> Syscalls.connect(socket, unix)),
                new Failure("shutdown", "not connected", Errno.ENOTCONN, () -> Syscalls.shutdown(socket, SHUT_WR)),
                new Failure("getsockname", "a pipe", Errno.ENOTSOCK, () -> Syscalls.getsockname(reader, memory)),
                new Failure("getpeername", "not connected", Errno.ENOTCONN, () -> Syscalls.getpeername(socket, memory)),
                new Failure("getsockopt", "option", Errno.ENOPROTOOPT, () -> Syscalls.getsockopt(socket, 1, 9999)),
                new Failure("setsockopt", "option", Errno.ENOPROTOOPT, () -> Syscalls.setsockopt(socket, 1, 9999, 0)),
                new Failure("open", "no file", Errno.ENOENT, () -> Syscalls.open(inFolder, O_RDONLY, 0)),
                new Failure("unlink", "no file", Errno.ENOENT, () -> Syscalls.unlink(inFolder)),
                new Failure("fcntl", "too large", Errno.EINVAL, () -> Syscalls.fcntl(writer, F_SETPIPE_SZ, -1)),
                new Failure("fcntl", "a socket", Errno.EBADF, () -> Syscalls.fcntl(socket, F_GETPIPE_SZ, 0)),
                new Failure("ioctl", "a pipe", Errno.ENOTTY, () -> Syscalls.ioctl(reader, SIOCOUTQ)),
                new Failure("fchmod", "of /proc", Errno.EPERM, () -> Syscalls.fchmod(folder.value(), 0)),
                new Failure("statx", "no file", Errno.ENOENT, () -> Syscalls.statx(AT_FDCWD, inFolder, 0, statx)),
                new Failure("flock", "operation", Errno.EINVAL, () -> Syscalls.flock(folder.value(), 0)),
                new Failure("getrlimit", "resource", Errno.EINVAL, () -> Syscalls.getrlimit(99, memory)),
                new Failure("prctl", "neither 0 nor 1", Errno.EINVAL, () -> Syscalls.prctl(PR_SET_DUMPABLE, 9)),
                new Failure("pidfd_open", "no process", Errno.ESRCH, () -> Syscalls.pidfd_open(1 << 30, 0)),
                new Failure("pidfd_open", "flag", Errno.EINVAL, () -> Syscalls.pidfd_open(Syscalls.getpid(), 1)),
                new Failure("pidfd_send_signal", "a pipe", Errno.EBADF, () -> Syscalls.pidfd_send_signal(reader, 0)));
    }

    @TestFactory
    Stream<DynamicTest> callReturnsTheErrno() {
        return failures()
                .map(failure -> dynamicTest(
                        failure.call + ": " + failure.because,
                        () -> assertEquals(
                                Errno.name(failure.errno),
                                Errno.name((int) -failure.answer.getAsLong()),
                                failure.call)));
    }

    @Test
    void everyCallIsInTheTable() {
        Set<String> calls = Arrays.stream(Syscalls.class.getDeclaredMethods())
                .filter(call -> Modifier.isPublic(call.getModifiers()))
                .map(call -> call.getName())
                .filter(name -> !WITHOUT.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(calls, failures().map(Failure::call).collect(Collectors.toCollection(TreeSet::new)));
    }
}
