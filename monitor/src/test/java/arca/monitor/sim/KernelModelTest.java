package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.AF_INET6;
import static arca.bindings.Constants.MSG_OOB;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_LINGER;
import static arca.monitor.sim.Rig.Op.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.SocketAddress;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Makes the same calls in the simulated kernel and in Linux. Results, state and edges must be the same. */
class KernelModelTest {
    record Step(Rig.Op op, int n) {}

    /** A sequence of calls on a connection of one address family. */
    record Script(String name, SocketAddress.Inet loopback, List<Step> steps) {
        @Override
        public String toString() {
            return name + ", " + loopback;
        }
    }

    private static final SocketAddress.Inet IPV4 = SimTcp.loopback(AF_INET, 0);
    private static final SocketAddress.Inet IPV6 = SimTcp.loopback(AF_INET6, 0);

    private static Script script(String name, Step... steps) {
        return new Script(name, IPV4, List.of(steps));
    }

    private static Step step(Rig.Op op, int n) {
        return new Step(op, n);
    }

    private static Step step(Rig.Op op) {
        return new Step(op, 1 << 16);
    }

    /** Scripts that repeat what was measured, for both families: splice(2), urgent data, ends and edges. */
    static Stream<Script> measured() {
        return measuredOnIPv4().flatMap(script -> Stream.of(script, new Script(script.name, IPV6, script.steps)));
    }

    private static Stream<Script> measuredOnIPv4() {
        return Stream.of(
                script("socket empty, pipe empty", step(SPLICE_TO_PIPE), step(SPLICE_TO_SOCKET)),
                script("pipe full", step(WRITE_PIPE), step(PEER_SENDS, 5), step(SPLICE_TO_PIPE), step(WRITE_PIPE, 1)),
                script(
                        "data and FIN",
                        step(PEER_SENDS, 5),
                        step(PEER_ENDS),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(SHUTDOWN)),
                script(
                        "FIN behind a full pipe",
                        step(WRITE_PIPE),
                        step(PEER_ENDS),
                        step(SPLICE_TO_PIPE),
                        step(GUEST_READS),
                        step(SPLICE_TO_PIPE)),
                script(
                        "data and RST",
                        step(PEER_SENDS, 3000),
                        step(PEER_RESETS),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE)),
                script(
                        "RST learnt by the write side",
                        step(GUEST_WRITES, 10),
                        step(PEER_RESETS),
                        step(SPLICE_TO_SOCKET),
                        step(SPLICE_TO_SOCKET),
                        step(SPLICE_TO_PIPE)),
                script(
                        "RST after FIN",
                        step(PEER_SENDS, 5),
                        step(PEER_ENDS),
                        step(PEER_RESETS),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE)),
                script("no reader", step(GUEST_ENDS_READING), step(SPLICE_TO_PIPE), step(WRITE_PIPE, 1)),
                script(
                        "no writer",
                        step(GUEST_WRITES, 7),
                        step(GUEST_ENDS_WRITING),
                        step(SPLICE_TO_SOCKET),
                        step(SPLICE_TO_SOCKET),
                        step(SHUTDOWN),
                        step(PEER_READS),
                        step(PEER_READS)),
                script(
                        "an urgent byte and FIN",
                        step(PEER_SENDS, 3),
                        step(PEER_SENDS_URGENT),
                        step(PEER_SENDS, 3),
                        step(PEER_ENDS),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(PEEK),
                        step(RECV, 1),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE)),
                script(
                        "an urgent byte, no FIN",
                        step(PEER_SENDS_URGENT),
                        step(PEER_SENDS, 3),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(RECV, 1),
                        step(SPLICE_TO_PIPE)),
                script(
                        "an urgent byte and RST",
                        step(PEER_SENDS, 3),
                        step(PEER_SENDS_URGENT),
                        step(PEER_SENDS, 3),
                        step(PEER_RESETS),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE),
                        step(PEEK),
                        step(RECV, 1),
                        step(SPLICE_TO_PIPE),
                        step(SPLICE_TO_PIPE)),
                script("each write is an edge", step(GUEST_WRITES, 1), step(GUEST_WRITES, 1), step(READ_PIPE, 1)),
                script(
                        "a slot that is freed is an edge, the next is none",
                        step(GUEST_RESIZES, 16384),
                        step(WRITE_PIPE),
                        step(GUEST_READS, 4095),
                        step(GUEST_READS, 1),
                        step(GUEST_READS, 4096)),
                script("growing is an edge", step(GUEST_RESIZES, 16384), step(WRITE_PIPE), step(GUEST_RESIZES, 32768)),
                script("shrinking a full one", step(WRITE_PIPE), step(GUEST_RESIZES, 4096)),
                script("never full, no edge", step(WRITE_PIPE, 10), step(GUEST_READS, 5)));
    }

    static Stream<Script> random() {
        return IntStream.range(0, 150).mapToObj(KernelModelTest::random);
    }

    private static Script random(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Rig.Op op = Rig.Op.values()[random.nextInt(Rig.Op.values().length)];
            boolean ends = op == PEER_RESETS
                    || op == PEER_ENDS
                    || op == SHUTDOWN
                    || op.name().contains("ENDS_");
            if (ends && random.nextInt(6) > 0) continue;
            int n = 1 << random.nextInt(14) | random.nextInt(8);
            // Linux may put two segments into one slot. So there are always more slots than segments.
            steps.add(step(op, op == PEER_SENDS ? 1 + n % 700 : op == GUEST_RESIZES ? n + (1 << 17) : n));
            if (op == SPLICE_TO_PIPE) steps.add(step(GUEST_READS));
        }
        return new Script("seed " + seed, seed % 2 == 0 ? IPV4 : IPV6, steps);
    }

    @ParameterizedTest
    @MethodSource({"measured", "random"})
    void answersStateAndEdgesAreTheSame(Script script) throws Exception {
        assumeTrue(script.loopback == IPV4 || AddressesTest.hasIPv6(), "this system has no IPv6 loopback address");
        World world = new World(new SplittableRandom(1));
        SimKernel sim = simulated(world);
        try (Kernel linux = new LinuxKernel();
                Rig real = new Rig(linux, script.loopback, new LinuxPeer());
                Rig model = new Rig(sim, script.loopback, new SimPeer(sim))) {
            settle(world, real, model, "the beginning");
            real.edges();
            model.edges();
            for (int i = 0; i < script.steps.size(); i++) {
                Step step = script.steps.get(i);
                String at = script + ", step " + i + ", " + step;
                String expected = Rig.answer(real.apply(step.op, step.n));
                assertEquals(expected, Rig.answer(model.apply(step.op, step.n)), at);
                settle(world, real, model, at);
                assertEquals(real.edges(), model.edges(), at);
            }
        }
    }

    /** Creates a kernel without faults. In it, a connect reaches the listener at that address. */
    static SimKernel simulated(World world) {
        SimKernel[] sim = new SimKernel[1];
        SimKernel.Network loopback = (socket, address) -> {
            SimTcp there = new SimTcp(world, socket.family);
            socket.connected(there);
            sim[0].listener(address).arrive(there);
            return 0;
        };
        sim[0] = new SimKernel(world, new Faults(world.random, 0), loopback, 100, 0, null);
        return sim[0];
    }

    /** Waits until everything that is on its way has arrived. In Linux, this takes real time. */
    private static void settle(World world, Rig real, Rig model, String at) throws Exception {
        while (world.next(Long.MAX_VALUE)) {}
        String expected = model.state();
        Patience.await(
                () -> at + ": " + expected + ", but Linux has " + real.state(),
                () -> real.state().equals(expected));
    }

    private record SimPeer(SimKernel kernel) implements Rig.Peer {
        @Override
        public void sendUrgent(int socket) {
            kernel.sendUrgent(socket);
        }

        @Override
        public void reset(int socket) {
            kernel.resetOnClose(socket);
            kernel.close(socket);
        }
    }

    private record LinuxPeer() implements Rig.Peer {
        @Override
        public void sendUrgent(int socket) {
            try (Arena arena = Arena.ofConfined()) {
                Syscalls.send(socket, arena.allocate(1), MSG_OOB);
            }
        }

        @Override
        public void reset(int socket) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment linger = arena.allocate(8);
                linger.set(ValueLayout.JAVA_INT, 0, 1);
                assertEquals(0, Syscalls.setsockopt(socket, SOL_SOCKET, SO_LINGER, linger));
            }
            Syscalls.close(socket);
        }
    }
}
