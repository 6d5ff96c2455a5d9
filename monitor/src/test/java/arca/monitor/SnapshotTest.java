package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.monitor.config.MonitorConfig;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.policy.Policy;
import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    private static final Policy LOOPBACK =
            Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("127.0.0.0/8");

    @TempDir
    Path folder;

    @Test
    void withoutGuestsThereIsNone() throws Exception {
        try (Monitor monitor = Monitor.start(
                MonitorConfig.builder().control(folder.resolve("a.sock")).build())) {
            assertEquals(List.of(), monitor.snapshot());
        }
    }

    @Test
    void guestIsWhoItIsAndHasWhatItHas() throws Exception {
        Path control = folder.resolve("a.sock");
        MonitorConfig config =
                MonitorConfig.builder().control(control).policy(LOOPBACK).build();
        try (Monitor monitor = Monitor.start(config);
                Fd peers = Sockets.listen(new SocketAddress.IPv4(0x7f000001, 0), 0, 1);
                ArcaSession session = ArcaSession.connect(control)) {
            for (int i = 0; i < 3; i++) session.listen(Endpoint.parse("127.0.0.1:0"));
            byte[] bytes = new byte[1_000_000];
            int port = ((SocketAddress.IPv4) Sockets.localAddress(peers)).port();
            try (ArcaStream stream = session.connect(new Endpoint(0x7f000001, port));
                    Fd peer = Sockets.accept(peers, 0).orElseThrow()) {
                Thread writer = Thread.ofPlatform().start(() -> write(stream, bytes));
                receive(peer, bytes.length);
                Patience.join(writer);

                KernelThread thread = KernelThread.named(ProcessHandle.current().pid(), "guest g1")
                        .getFirst();
                long before = cpu(thread);
                GuestSnapshot guest = answered(monitor);
                long after = cpu(thread);
                assertEquals("g1", guest.name());
                assertEquals(ProcessHandle.current().pid(), guest.pid());
                assertTrue(before <= guest.cpu().toNanos() && guest.cpu().toNanos() <= after, guest.toString());
                GuestSnapshot.Counts counts = guest.counts().orElseThrow();
                assertEquals(3, counts.listeners());
                assertEquals(0, counts.waitingAccepts());
                assertEquals(0, counts.connecting());
                assertEquals(1, counts.connections());
                assertEquals(bytes.length, counts.bytes());
                assertTrue(counts.moves() > 1 && counts.turns() > 1, counts.toString());
            }
        }
    }

    /** Returns the only guest, once its loop has answered. One snapshot waits at most a quarter of a second for it. */
    private static GuestSnapshot answered(Monitor monitor) throws Exception {
        List<GuestSnapshot> answered = new ArrayList<>();
        Patience.await("an answer of the loop", () -> {
            GuestSnapshot guest = monitor.snapshot().getFirst();
            if (guest.counts().isPresent()) answered.add(guest);
            return !answered.isEmpty();
        });
        return answered.getFirst();
    }

    /** Returns the CPU time in nanoseconds, as the kernel reports it; 0 if the kernel does not count it. */
    private static long cpu(KernelThread thread) throws IOException {
        Path schedstat = thread.folder().resolve("schedstat");
        return Files.exists(schedstat)
                ? Long.parseLong(Files.readString(schedstat).split(" ")[0])
                : 0;
    }

    private static void receive(Fd peer, int count) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(65536);
            for (long left = count; left > 0; ) {
                long n = ErrnoException.check("read", Syscalls.read(peer.value(), buffer));
                assertTrue(n > 0, left + " bytes did not come");
                left -= n;
            }
        }
    }

    private static void write(ArcaStream stream, byte[] bytes) {
        try {
            stream.outputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
