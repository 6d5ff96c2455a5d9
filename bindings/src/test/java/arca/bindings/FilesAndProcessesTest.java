package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.ChildJvm.Result;
import arca.testkit.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesAndProcessesTest {
    @AutoClose
    private final Arena arena = Arena.ofConfined();

    @Test
    void fileIsCreatedWrittenAndRemoved(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("file");
        MemorySegment name = arena.allocateFrom(path.toString());
        try (Fd file = Fd.open(path.toString(), O_CREAT | O_EXCL | O_WRONLY, 0600)) {
            assertEquals(6, Syscalls.write(file.value(), arena.allocateFrom("bytes")));
            assertEquals(0, Syscalls.fchmod(file.value(), 0640));
            assertEquals(0640, (Integer) Files.getAttribute(path, "unix:mode") & 0777);
        }
        assertEquals(6, Files.size(path));
        assertEquals(-Errno.EEXIST, Syscalls.open(name, O_CREAT | O_EXCL | O_WRONLY, 0600));
        assertEquals(0, Syscalls.unlink(name));
        assertEquals(-Errno.ENOENT, Syscalls.open(name, O_RDONLY, 0));
    }

    @Test
    void statusIsThatOfTheFileOrOfTheLink(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Files.createLink(folder.resolve("second name"), file);
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        Files.setAttribute(file, "unix:mode", 01640);
        FileStatus status = FileStatus.of(file.toString());
        assertEquals(
                List.of("dev", "ino", "mode", "uid", "gid", "nlink").stream()
                        .map(name -> number(file, name))
                        .toList(),
                List.of(
                        (status.device() >>> 32) << 8 | status.device() & 0xff, // as makedev(3) packs small numbers
                        status.inode(),
                        (long) status.mode(),
                        (long) status.uid(),
                        (long) status.gid(),
                        (long) status.links()));
        assertEquals(S_IFREG | 01640, status.mode());
        assertEquals(S_IFREG, status.type());
        assertEquals(status, FileStatus.of(link.toString()));
        assertEquals(number(link, "ino"), FileStatus.ofLink(link.toString()).inode());
        assertFalse(status.isSameFile(FileStatus.ofLink(link.toString())));
        try (Fd open = Fd.open(link.toString(), O_RDONLY, 0)) {
            assertEquals(status, FileStatus.of(open));
        }
        ErrnoException loop =
                assertThrows(ErrnoException.class, () -> Fd.open(link.toString(), O_RDONLY | O_NOFOLLOW, 0));
        assertEquals(Errno.ELOOP, loop.errno());
        Files.delete(link);
        ErrnoException gone = assertThrows(ErrnoException.class, () -> FileStatus.ofLink(link.toString()));
        assertEquals("lstat " + link + ": ENOENT (No such file or directory)", gone.getMessage());
    }

    /** Returns what the JDK's own stat(2) says. */
    private static long number(Path file, String attribute) {
        try {
            return ((Number) Files.getAttribute(file, "unix:" + attribute, LinkOption.NOFOLLOW_LINKS)).longValue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void rootOwnsTheProcFilesOfAnUndumpableProcess() throws Exception {
        Result dumpable = ChildJvm.run(ChildJvm.command(Undumpable.class, "1"));
        assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:uid") + "\n", dumpable.output());
        Result undumpable = ChildJvm.run(ChildJvm.command(Undumpable.class, "0"));
        assertEquals("0\n", undumpable.output());
    }

    /** Prints the owner of the files in its own directory in /proc: proc(5), "/proc/pid". */
    static final class Undumpable {
        public static void main(String[] args) throws Exception {
            ErrnoException.check("prctl", Syscalls.prctl(PR_SET_DUMPABLE, Integer.parseInt(args[0])));
            System.out.println(FileStatus.of("/proc/self/status").uid());
        }
    }

    @Test
    void openFileHoldsTheLock(@TempDir Path folder) throws Exception {
        String path = folder.resolve("lock").toString();
        try (Fd second = Fd.open(path, O_CREAT | O_RDWR, 0600)) {
            try (Fd first = Fd.open(path, O_RDWR, 0)) {
                assertEquals(0, Syscalls.flock(first.value(), LOCK_EX | LOCK_NB));
                assertEquals(-Errno.EWOULDBLOCK, Syscalls.flock(second.value(), LOCK_EX | LOCK_NB));
            }
            assertEquals(0, Syscalls.flock(second.value(), LOCK_EX | LOCK_NB), "closing releases the lock");
        }
    }

    @Test
    void processAndThreadIdsAreThoseInProc() throws Exception {
        assertEquals(ProcessHandle.current().pid(), Syscalls.getpid());
        int[] other = new int[1];
        Thread thread = Thread.ofPlatform().start(() -> other[0] = Syscalls.gettid());
        thread.join();
        assertTrue(other[0] != Syscalls.gettid());
        assertTrue(Files.exists(Path.of("/proc/self/task/" + Syscalls.gettid())));
        assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"), Syscalls.geteuid());
        assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:gid"), Syscalls.getegid());
    }

    @Test
    void limitsAreThoseInProc() throws Exception {
        MemorySegment rlimit = arena.allocate(16, 8);
        assertEquals(0, Syscalls.getrlimit(RLIMIT_NOFILE, rlimit));
        String soft = Long.toUnsignedString(rlimit.get(ValueLayout.JAVA_LONG, 0));
        String hard = Long.toUnsignedString(rlimit.get(ValueLayout.JAVA_LONG, 8));
        String limits = ProcFile.read("/proc/self/limits").replaceAll(" +", " ");
        assertTrue(limits.contains("\nMax open files " + soft + " " + hard + " files"), limits);
    }

    @Test
    void preadDoesNotMoveTheFileOffset() throws Exception {
        MemorySegment bytes = arena.allocate(3);
        try (Fd file = Fd.open("/proc/self/comm", O_RDONLY, 0)) {
            String comm = Files.readString(Path.of("/proc/self/comm"));
            for (int i = 0; i < 2; i++) {
                assertEquals(3, Syscalls.pread(file.value(), bytes, 1));
                assertEquals(comm.substring(1, 4), new String(bytes.toArray(ValueLayout.JAVA_BYTE)));
            }
            assertEquals(0, Syscalls.pread(file.value(), bytes, 4096));
        }
    }

    @Test
    void inodeOfAPipeIsTheOneInProc() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            String link = Files.readSymbolicLink(
                            Path.of("/proc/self/fd/" + pipe.reader().value()))
                    .toString();
            assertEquals(link, "pipe:[" + Syscalls.inode(pipe.reader().value()) + "]");
            assertEquals(link, "pipe:[" + Syscalls.inode(pipe.writer().value()) + "]");
        }
    }

    @Test
    void pidfdSignalsAProcessAndReportsItsEnd() throws Exception {
        try (Child child = Child.start(List.of("cat")); // waits for the end of its input
                Fd pidfd = new Fd(ErrnoException.check("pidfd_open", Syscalls.pidfd_open((int) child.pid(), 0)))) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, pidfd.value(), POLLIN);
            assertEquals(0, poll.poll(0), "alive");
            assertEquals(0, Syscalls.pidfd_send_signal(pidfd.value(), 0));
            assertEquals(0, Syscalls.pidfd_send_signal(pidfd.value(), SIGKILL));
            assertEquals(1, poll.poll(Patience.MILLIS));
            assertEquals(128 + SIGKILL, child.exitStatus());
            assertEquals(-Errno.ESRCH, Syscalls.pidfd_send_signal(pidfd.value(), SIGTERM));
        }
    }

    @Test
    void pidfdOfAUnixPeerRefersToThisProcess() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                Fd pidfd = peerPidFd(pair.first())) {
            String info = ProcFile.read("/proc/self/fdinfo/" + pidfd.value());
            assertTrue(info.contains("Pid:\t" + Syscalls.getpid() + "\n"), info);
        }
    }

    private static Fd peerPidFd(Fd socket) throws IOException {
        try {
            return Sockets.peerPidFd(socket);
        } catch (ErrnoException e) {
            Assumptions.assumeTrue(e.errno() != Errno.ENOPROTOOPT, () -> "no SO_PEERPIDFD " + Tcp.kernel());
            throw e;
        }
    }
}
