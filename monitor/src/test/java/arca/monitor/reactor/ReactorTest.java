package arca.monitor.reactor;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Sockets;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Slots, generations and tokens; the loop's own thread; loops that spin. Descriptors are the readers of real pipes. */
class ReactorTest {
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(16);
    private final Kernel kernel = new LinuxKernel();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> handled = new ArrayList<>();
    private Waker waker;
    private Reactor reactor;

    /** A pipe with a byte in it: its reader is a descriptor of the loop's. */
    private record Source(Descriptor reader, int writer) {}

    private void start(String selector) throws Exception {
        waker = Waker.open();
        Mailbox mailbox = new Mailbox(waker);
        reactor = selector.equals("epoll") ? Reactor.onEpoll(kernel, mailbox) : Reactor.onPoll(kernel, mailbox);
        open.add(waker::close);
        open.add(reactor);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
        kernel.close();
        arena.close();
    }

    private Source readable() {
        Source source = empty();
        fill(source.writer);
        return source;
    }

    private Source empty() {
        int[] pipe = new int[2];
        assertEquals(0, kernel.pipe2(pipe));
        Descriptor reader = new Descriptor(reactor, pipe[0]);
        open.add(reader);
        open.add(() -> kernel.close(pipe[1]));
        return new Source(reader, pipe[1]);
    }

    private void fill(int writer) {
        assertEquals(1, kernel.write(writer, bytes, 0, 1));
    }

    /** Watches a reader; its handler only says that it was called. */
    private Descriptor watched(Source source, String name) {
        assertEquals(0, source.reader.watch(EPOLLIN, (_, _) -> handled.add(name)));
        return source.reader;
    }

    private void settle() {
        while (reactor.step(0)) continue;
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void eventOfADescriptorThatWasClosedInTheSameRoundIsIgnored(String selector) throws Exception {
        start(selector);
        Descriptor[] both = {readable().reader, readable().reader};
        for (Descriptor each : both) {
            EventHandler closesBoth = (descriptor, _) -> {
                handled.add("one of them");
                for (Descriptor closed : both) closed.close();
            };
            assertEquals(0, each.watch(EPOLLIN, closesBoth));
        }
        settle();
        assertEquals(List.of("one of them"), handled);
    }

    /** Whichever of the two is handled first closes the other one, whose event is still to be handled. */
    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void slotThatBecomesFreeIsUsedAgainOnlyAfterTheRound(String selector) throws Exception {
        start(selector);
        Descriptor[] both = {readable().reader, readable().reader};
        int[] released = new int[1];
        Descriptor[] added = new Descriptor[1];
        for (int i = 0; i < both.length; i++) {
            Descriptor other = both[1 - i];
            EventHandler replacesTheOther = (_, _) -> {
                released[0] = other.slot;
                other.close();
                added[0] = watched(empty(), "a new one, by an old event");
            };
            assertEquals(0, both[i].watch(EPOLLIN, replacesTheOther));
        }
        assertTrue(reactor.step(0));
        assertEquals(List.of(), handled);
        assertNotEquals(released[0], added[0].slot, "used again in the same round");
        assertEquals(released[0], watched(empty(), "").slot, "free after the round");
    }

    /** The kernel reports events as long as the file is open somewhere, here in a message: epoll(7), question 6. */
    @Test
    void lateEventOfAnOldFileDoesNotReachTheNewOwnerOfItsSlot() throws Exception {
        start("epoll");
        Source old = empty();
        int slot = watched(old, "old").slot;
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
        open.add(pair);
        assertEquals(1, kernel.sendmsg(pair.first().value(), bytes, 1, old.reader.fd(), old.reader.fd()));
        old.reader.close();
        settle();
        assertEquals(slot, watched(empty(), "new").slot);
        fill(old.writer);
        assertTrue(reactor.step(0), "the kernel has reported the old file");
        assertEquals(List.of(), handled);
    }

    @Test
    void watchThatFailsGivesItsSlotBack() throws Exception {
        start("epoll");
        Descriptor first = watched(empty(), "first");
        Descriptor same = new Descriptor(reactor, first.fd());
        assertEquals(-Errno.EEXIST, same.watch(EPOLLIN, (_, _) -> {}));
        assertEquals(first.slot + 1, watched(empty(), "second").slot);
        same.release();
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void watchAgainKeepsTheSlotAndReportsWhatHoldsToTheNewHandler(String selector) throws Exception {
        start(selector);
        Source source = readable();
        int slot = watched(source, "first").slot;
        settle();
        assertEquals(slot, watched(source, "second").slot);
        settle();
        assertEquals(List.of("first", "second"), handled);
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void releasedDescriptorIsOpenAndNotWatched(String selector) throws Exception {
        start(selector);
        Source source = empty();
        int fd = watched(source, "released").release();
        assertFalse(source.reader.isOpen());
        fill(source.writer);
        assertFalse(reactor.step(0), "there is no event");
        assertEquals(List.of(), handled);
        assertEquals(1, kernel.read(fd, bytes, 0, 1));
        assertEquals(0, kernel.close(fd));
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void everyEventReachesItsOwnHandlerWhenTheTablesGrow(String selector) throws Exception {
        start(selector);
        List<Source> sources = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sources.add(readable());
            watched(sources.get(i), "" + i);
        }
        settle();
        assertEquals(100, handled.size());
        assertEquals(100, Set.copyOf(handled).size());
        handled.clear();
        for (int i = 0; i < 100; i += 2) sources.get(i).reader.close();
        settle();
        Set<Integer> slots = new HashSet<>();
        for (int i = 0; i < 50; i++) slots.add(watched(readable(), "new " + i).slot);
        settle();
        assertEquals(50, slots.size());
        assertEquals(50, Set.copyOf(handled).size());
        assertTrue(handled.stream().allMatch(name -> name.startsWith("new ")), handled::toString);
    }

    // The loop's own thread.

    static Stream<String> methods() {
        return Stream.of(
                "runLater",
                "schedule",
                "cancel",
                "step",
                "expect",
                "blocked",
                "kernel",
                "watch",
                "fd",
                "close",
                "call");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void anotherThreadMayNotCall(String method) throws Exception {
        start("epoll");
        Descriptor descriptor = watched(empty(), "");
        Timer timer = new Timer(() -> {});
        Executable call = switch (method) {
            case "runLater" -> () -> reactor.runLater(() -> {});
            case "schedule" -> () -> reactor.schedule(timer, 1);
            case "cancel" -> () -> reactor.cancel(timer);
            case "step" -> () -> reactor.step(0);
            case "expect" -> () -> reactor.expect(descriptor, EPOLLIN);
            case "blocked" -> () -> reactor.blocked(descriptor, descriptor);
            case "kernel" -> () -> reactor.kernel();
            case "watch" -> () -> descriptor.watch(EPOLLIN, (_, _) -> {});
            case "fd" -> () -> descriptor.fd();
            case "close" -> () -> descriptor.close();
            default -> () -> kernel.ioctl(0, 0);
        };
        FutureTask<AssertionError> other = new FutureTask<>(() -> assertThrows(AssertionError.class, call));
        Thread.ofPlatform().start(other);
        Patience.get("the other thread", other);
    }

    @Test
    void anotherThreadMayAskWhatAnyThreadMay() throws Exception {
        start("epoll");
        reactor.step(0);
        FutureTask<Void> other = new FutureTask<>(() -> {
            assertFalse(reactor.inLoop());
            assertFalse(reactor.isWaiting());
            assertEquals(1, reactor.rounds());
            return null;
        });
        Thread.ofPlatform().start(other);
        Patience.get("the other thread", other);
        assertTrue(reactor.inLoop());
    }

    // Loops that spin.

    private AssertionError spin() {
        return assertThrows(AssertionError.class, () -> {
            for (int i = 0; i < 2 * SpinDetector.MAX_IDLE_TURNS; i++) reactor.step(0);
        });
    }

    /** A task that runs an action in each turn, and then asks for another turn. */
    private final class Again implements Reactor.Task {
        private final Runnable work;

        Again(Runnable work) {
            this.work = work;
        }

        @Override
        public void turn() {
            work.run();
            reactor.runLater(this);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "poll"})
    void taskThatSpinsIsNamed(String selector) throws Exception {
        start(selector);
        Source source = empty();
        assertEquals(0, kernel.fcntl(source.reader.fd(), F_SETFL, O_NONBLOCK));
        reactor.runLater(new Again(() -> kernel.read(source.reader.fd(), bytes, 0, 1))); // EAGAIN each time
        String message = spin().getMessage();
        assertTrue(message.contains(Again.class.getName()) && message.contains("spins"), message);
    }

    @Test
    void handlerThatExpectsWhatItHasNotReadIsNamed() throws Exception {
        start("poll");
        Descriptor reader = readable().reader;
        assertEquals(0, reader.watch(EPOLLIN, (descriptor, _) -> reactor.expect(descriptor, EPOLLIN)));
        String message = spin().getMessage();
        assertTrue(message.contains(ReactorTest.class.getName()) && message.contains("spins"), message);
    }

    @Test
    void taskThatMovesAByteInEachTurnDoesNotSpin() throws Exception {
        start("epoll");
        Source source = empty();
        reactor.runLater(new Again(() -> {
            fill(source.writer);
            assertEquals(1, kernel.read(source.reader.fd(), bytes, 0, 1));
        }));
        for (int i = 0; i < 2 * SpinDetector.MAX_IDLE_TURNS; i++) assertTrue(reactor.step(0));
    }

    /** Each write is an event; the handler may have good reasons not to read, such as a full pipe. */
    @Test
    void peerThatCausesManyEventsIsNotTakenForAHandlerThatSpins() throws Exception {
        start("epoll");
        Source source = empty();
        watched(source, "event");
        try (Kernel peer = new LinuxKernel()) { // its progress does not count as this loop's
            for (int i = 0; i < 2 * SpinDetector.MAX_IDLE_TURNS; i++) {
                assertEquals(1, peer.write(source.writer, bytes, 0, 1));
                assertTrue(reactor.step(0));
            }
        }
        assertEquals(2 * SpinDetector.MAX_IDLE_TURNS, handled.size());
    }
}
