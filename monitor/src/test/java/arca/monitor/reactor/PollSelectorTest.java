package arca.monitor.reactor;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.POLLERR;
import static arca.bindings.Constants.POLLHUP;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Errno;
import arca.bindings.EventFd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Walks the table of {@link PollSelector}, with two pipes: bytes go from one pipe, the source, to the other, the sink.
 */
class PollSelectorTest {
    private static final int SOURCE = 0; // a slot, and its token too
    private static final int SINK = 1;
    private static final int OTHER = 40; // beyond the first size of the tables
    private static final int SIZE = 1 << 16;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(SIZE);
    private final Kernel kernel = new LinuxKernel();
    private final PollSelector selector = new PollSelector(kernel);
    private final int[] source = new int[2]; // its reader is watched
    private final int[] sink = new int[2]; // its writer is watched

    @BeforeEach
    void open() {
        for (int[] pipe : new int[][] {source, sink}) {
            assertEquals(0, kernel.pipe2(pipe));
            for (int end : pipe) kernel.fcntl(end, F_SETFL, O_NONBLOCK);
        }
    }

    @AfterEach
    void close() {
        selector.close();
        for (int fd : new int[] {source[0], source[1], sink[0], sink[1]}) if (fd >= 0) kernel.close(fd);
        kernel.close();
        arena.close();
    }

    private void addSource() {
        assertEquals(0, selector.add(SOURCE, source[0], POLLIN, SOURCE));
    }

    /** Adds both, and takes the event with which each may begin. */
    private void addBoth() {
        addSource();
        assertEquals(0, selector.add(SINK, sink[1], POLLOUT, SINK));
        reported();
    }

    private void fillSource() {
        assertEquals(1, kernel.write(source[1], bytes, 0, 1));
    }

    private void drainSource() {
        assertEquals(1, kernel.read(source[0], bytes, 0, SIZE));
    }

    private void fillSink() {
        while (kernel.write(sink[1], bytes, 0, SIZE) != -Errno.EAGAIN) continue;
    }

    private void drainSink() {
        while (kernel.read(sink[0], bytes, 0, SIZE) != -Errno.EAGAIN) continue;
    }

    private void close(int[] pipe, int end) {
        kernel.close(pipe[end]);
        pipe[end] = -1;
    }

    /** Returns what a wait of zero length reports: events by token. */
    private Map<Integer, Integer> reported() {
        Map<Integer, Integer> reported = new TreeMap<>();
        int n = selector.await(0);
        for (int i = 0; i < n; i++) reported.put((int) selector.token(i), selector.events(i));
        return reported;
    }

    @Test
    void eventThatHoldsWhenADescriptorIsAddedIsReportedOnce() {
        fillSource();
        addSource();
        assertEquals(Map.of(SOURCE, POLLIN), reported());
        assertEquals(Map.of(), reported(), "the byte is still there");
    }

    @Test
    void armedEventIsReportedWhenItBeginsToHold() {
        addSource();
        assertEquals(Map.of(), reported());
        fillSource();
        assertEquals(Map.of(SOURCE, POLLIN), reported());
    }

    @Test
    void reportDisarmsThatEventOnly() throws Exception {
        try (EventFd both = EventFd.open()) {
            selector.add(OTHER, both.fd().value(), POLLIN | POLLOUT, OTHER);
            assertEquals(Map.of(OTHER, POLLOUT), reported());
            both.signal();
            assertEquals(Map.of(OTHER, POLLIN), reported());
            selector.forget(OTHER);
        }
    }

    @Test
    void expectArmsThatEventAgain() {
        fillSource();
        addSource();
        reported();
        selector.expect(SOURCE, POLLIN);
        assertEquals(Map.of(SOURCE, POLLIN), reported());
    }

    @Test
    void expectIgnoresEventsThatWereNotAllowed() throws Exception {
        try (EventFd both = EventFd.open()) {
            selector.add(OTHER, both.fd().value(), POLLIN, OTHER);
            selector.expect(OTHER, POLLOUT); // the descriptor is writable
            assertEquals(Map.of(), reported());
            selector.forget(OTHER);
        }
    }

    @Test
    void hangUpMutesADescriptorUntilAnEventIsExpected() {
        addSource();
        close(source, 1);
        assertEquals(Map.of(SOURCE, POLLHUP), reported());
        assertEquals(Map.of(), reported(), "poll(2) would report it each time");
        selector.expect(SOURCE, POLLIN);
        assertEquals(Map.of(SOURCE, POLLHUP), reported());
    }

    @Test
    void errorMutesADescriptorThatIsDisarmed() {
        addBoth();
        close(sink, 0);
        assertEquals(Map.of(SINK, POLLERR), reported());
        assertEquals(Map.of(), reported());
    }

    @Test
    void modifyArmsAllEventsAndUnmutes() {
        fillSource();
        addSource();
        close(source, 1);
        assertEquals(Map.of(SOURCE, POLLIN | POLLHUP), reported());
        assertEquals(0, selector.modify(SOURCE, source[0], POLLIN, OTHER));
        assertEquals(Map.of(OTHER, POLLIN | POLLHUP), reported(), "with the new token");
    }

    @Test
    void blockedArmsTheSourceThatIsEmpty() {
        fillSource();
        addBoth();
        drainSource();
        assertEquals(0, selector.blocked(SOURCE, SINK));
        assertEquals(Map.of(), reported(), "the sink has room, and nobody waits for that");
        fillSource();
        assertEquals(Map.of(SOURCE, POLLIN), reported());
    }

    @Test
    void blockedArmsTheSinkThatIsFull() {
        fillSource();
        addBoth();
        fillSink();
        assertEquals(0, selector.blocked(SOURCE, SINK));
        assertEquals(Map.of(), reported(), "the source has a byte, and nobody waits for that");
        drainSink();
        assertEquals(Map.of(SINK, POLLOUT), reported());
    }

    @Test
    void blockedArmsBothSidesIfNeitherIsReady() {
        fillSource();
        addBoth();
        drainSource();
        fillSink();
        assertEquals(0, selector.blocked(SOURCE, SINK));
        fillSource();
        drainSink();
        assertEquals(Map.of(SOURCE, POLLIN, SINK, POLLOUT), reported());
    }

    @Test
    void blockedArmsNothingIfBothSidesAreReady() {
        fillSource();
        addBoth();
        assertEquals(POLLIN, selector.blocked(SOURCE, SINK));
        assertEquals(Map.of(), reported());
    }

    @Test
    void hangUpAndErrorAreReadyToo() {
        addBoth();
        fillSink();
        close(sink, 0);
        assertEquals(Map.of(SINK, POLLERR), reported());
        close(source, 1);
        assertEquals(POLLHUP, selector.blocked(SOURCE, SINK), "moving bytes would not answer EAGAIN");
        assertEquals(Map.of(SOURCE, POLLHUP), reported(), "the sink is still muted");
    }

    @Test
    void forgottenDescriptorIsNotReportedAndOthersKeepTheirState() {
        fillSource();
        addBoth();
        selector.expect(SOURCE, POLLIN);
        selector.expect(SINK, POLLOUT);
        selector.forget(SOURCE);
        assertEquals(Map.of(SINK, POLLOUT), reported());
        assertEquals(Map.of(), reported(), "the sink is disarmed in its new place");
        selector.expect(SINK, POLLOUT);
        assertEquals(Map.of(SINK, POLLOUT), reported());
    }

    @Test
    void tablesGrow() {
        fillSource();
        for (int slot = 0; slot <= OTHER; slot++) assertEquals(0, selector.add(slot, source[0], POLLIN, 1000 + slot));
        Map<Integer, Integer> all = new TreeMap<>();
        for (int slot = 0; slot <= OTHER; slot++) all.put(1000 + slot, POLLIN);
        assertEquals(all, reported());
        selector.expect(OTHER, POLLIN);
        assertEquals(Map.of(1000 + OTHER, POLLIN), reported());
    }
}
