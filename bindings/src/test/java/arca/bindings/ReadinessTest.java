package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.testkit.Patience;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class ReadinessTest {
    private static final long TOKEN = 0x8000_0001_dead_beefL;

    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private void writeByte(Fd fd) {
        assertEquals(1, Syscalls.write(fd.value(), arena.allocate(1)));
    }

    @Test
    void pollReportsTheEntryThatIsReady() throws Exception {
        try (Pipe quiet = Pipe.open(0);
                Pipe ready = Pipe.open(0)) {
            Poll poll = new Poll(arena, 3);
            poll.set(0, quiet.reader().value(), POLLIN);
            poll.set(2, ready.reader().value(), POLLIN);
            assertEquals(0, poll.poll(0));
            writeByte(ready.writer());
            assertEquals(1, poll.poll(Patience.MILLIS));
            assertEquals(0, poll.revents(0));
            assertEquals(0, poll.revents(1), "an entry that was never set watches nothing");
            assertEquals(POLLIN, poll.revents(2));
            poll.clear(2);
            assertEquals(0, poll.poll(0));
            assertThrows(IndexOutOfBoundsException.class, () -> poll.set(3, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> poll.revents(-1));
        }
    }

    @Test
    void pollReportsADescriptorThatIsNotOpen() throws Exception {
        Pipe pipe = Pipe.open(0);
        int gone = pipe.reader().value();
        pipe.close();
        Poll poll = new Poll(arena, 1);
        poll.set(0, gone, POLLIN);
        assertEquals(1, poll.poll(0));
        assertEquals(POLLNVAL, poll.revents(0));
    }

    @Test
    void epollReportsEventsAndToken() throws Exception {
        try (Epoll epoll = new Epoll(arena, 4);
                Pipe pipe = Pipe.open(0)) {
            epoll.add(pipe.reader(), EPOLLIN | EPOLLET, TOKEN);
            epoll.add(pipe.writer(), EPOLLET, 1);
            assertEquals(0, epoll.await(0));
            assertThrows(IndexOutOfBoundsException.class, () -> epoll.token(0));
            writeByte(pipe.writer());
            assertEquals(1, epoll.await(Patience.MILLIS));
            assertEquals(EPOLLIN, epoll.events(0));
            assertEquals(TOKEN, epoll.token(0));
            assertEquals(0, epoll.await(0), "edge-triggered: reported once");
            epoll.modify(pipe.reader(), EPOLLIN | EPOLLET, TOKEN + 1);
            assertEquals(1, epoll.await(0), "reported again after modify");
            assertEquals(TOKEN + 1, epoll.token(0));
            epoll.delete(pipe.reader());
            writeByte(pipe.writer());
            assertEquals(0, epoll.await(0));
        }
    }

    @Test
    void nextWaitReportsEventsBeyondTheCapacity() throws Exception {
        try (Epoll epoll = new Epoll(arena, 1);
                Pipe first = Pipe.open(0);
                Pipe second = Pipe.open(0)) {
            epoll.add(first.reader(), EPOLLIN | EPOLLET, 1);
            epoll.add(second.reader(), EPOLLIN | EPOLLET, 2);
            writeByte(first.writer());
            writeByte(second.writer());
            assertEquals(1, epoll.await(0));
            assertEquals(1, epoll.token(0));
            assertEquals(1, epoll.await(0));
            assertEquals(2, epoll.token(0));
            assertEquals(0, epoll.await(0));
        }
    }

    @Test
    void epollErrorsAreNamed() throws Exception {
        try (Epoll epoll = new Epoll(arena, 1);
                Pipe pipe = Pipe.open(0);
                Fd file = Fd.open("/proc/self/status", O_RDONLY, 0)) {
            epoll.add(pipe.reader(), EPOLLIN, 0);
            ErrnoException twice = assertThrows(ErrnoException.class, () -> epoll.add(pipe.reader(), EPOLLIN, 0));
            assertEquals(Errno.EEXIST, twice.errno());
            assertEquals("epoll_ctl EPOLL_CTL_ADD: EEXIST (File exists)", twice.getMessage());
            assertEquals(
                    Errno.ENOENT,
                    assertThrows(ErrnoException.class, () -> epoll.delete(pipe.writer()))
                            .errno());
            assertEquals(
                    Errno.EPERM,
                    assertThrows(ErrnoException.class, () -> epoll.add(file, EPOLLIN, 0))
                            .errno(),
                    "a regular file is always ready");
        }
    }

    @Test
    void eventfdCountsSignalsAndWakesAnotherThread() throws Exception {
        try (EventFd event = EventFd.open()) {
            Poll poll = new Poll(arena, 1);
            poll.set(0, event.fd().value(), POLLIN);
            assertEquals(0, event.drain());
            event.signal();
            event.signal();
            assertEquals(2, event.drain());
            assertEquals(0, poll.poll(0));
            Thread signaller = Thread.ofPlatform().start(event::signal);
            assertEquals(1, poll.poll(Patience.MILLIS));
            signaller.join();
            assertEquals(1, event.drain());
        }
    }

    @Test
    void readOfASemaphoreTakesOne() {
        int semaphore = Syscalls.eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
        try (Fd fd = new Fd(semaphore)) {
            assertEquals(8, Syscalls.read(fd.value(), arena.allocate(8)));
            assertEquals(8, Syscalls.read(fd.value(), arena.allocate(8)));
            assertEquals(-Errno.EAGAIN, Syscalls.read(fd.value(), arena.allocate(8)));
        }
    }
}
