package arca.bindings;

import static arca.bindings.Constants.F_GETFD;
import static arca.bindings.Constants.F_GETFL;
import static arca.bindings.Constants.O_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FdTest {
    @Test
    void closedFdNeverReturnsItsNumberAgain() throws Exception {
        Pipe first = Pipe.open(0);
        int number = first.reader().value();
        first.close();
        try (Pipe second = Pipe.open(0)) {
            assertEquals(number, second.reader().value(), "the kernel uses the lowest free number");
            assertThrows(IllegalStateException.class, first.reader()::value);
            assertThrows(IllegalStateException.class, first.reader()::release);
            first.reader().close(); // must not close the second pipe's end
            assertTrue(Syscalls.fcntl(number, F_GETFD, 0) >= 0);
        }
    }

    @Test
    void callerOwnsAReleasedDescriptor() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            int released = pipe.reader().release();
            pipe.reader().close();
            assertTrue(Syscalls.fcntl(released, F_GETFD, 0) >= 0, "close after release closes nothing");
            assertEquals(0, Syscalls.close(released));
            assertEquals(-Errno.EBADF, Syscalls.close(released));
        }
    }

    @Test
    void negativeNumberIsRefused() {
        assertThrows(IndexOutOfBoundsException.class, () -> new Fd(-Errno.EMFILE));
    }

    @Test
    void nonBlockingChangesOnlyOneEndOfAPipe() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            pipe.reader().nonBlocking(true);
            assertTrue((Syscalls.fcntl(pipe.reader().value(), F_GETFL, 0) & O_NONBLOCK) != 0);
            assertEquals(0, Syscalls.fcntl(pipe.writer().value(), F_GETFL, 0) & O_NONBLOCK);
            pipe.reader().nonBlocking(false);
            assertEquals(0, Syscalls.fcntl(pipe.reader().value(), F_GETFL, 0) & O_NONBLOCK);
        }
    }

    @Test
    void everyNewDescriptorIsCloseOnExec() throws Exception {
        try (Pipe pipe = Pipe.open(0);
                EventFd event = EventFd.open();
                Sockets.Pair pair = Sockets.pair(Constants.SOCK_STREAM);
                Fd socket = Sockets.open(Constants.AF_INET, Constants.SOCK_STREAM);
                Fd file = Fd.open("/proc/self/status", Constants.O_RDONLY, 0)) {
            for (Fd fd :
                    new Fd[] {pipe.reader(), pipe.writer(), event.fd(), pair.first(), pair.second(), socket, file}) {
                assertEquals(Constants.FD_CLOEXEC, Syscalls.fcntl(fd.value(), F_GETFD, 0));
            }
        }
    }

    @Test
    void messageNamesTheMissingFile() {
        ErrnoException e =
                assertThrows(ErrnoException.class, () -> Fd.open("/proc/self/no such file", Constants.O_RDONLY, 0));
        assertEquals(Errno.ENOENT, e.errno());
        assertEquals("open /proc/self/no such file: ENOENT (No such file or directory)", e.getMessage());
    }

    @Test
    void toStringSaysWhetherItIsOpen() throws Exception {
        Pipe pipe = Pipe.open(0);
        assertNotEquals("closed fd", pipe.reader().toString());
        pipe.close();
        assertEquals("closed fd", pipe.reader().toString());
        assertFalse(pipe.reader().isOpen());
    }
}
