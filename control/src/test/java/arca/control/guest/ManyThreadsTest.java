package arca.control.guest;

import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.ErrnoException;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import arca.control.Frames;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.control.guest.ScriptedMonitor.DataPipe;
import arca.control.guest.ScriptedMonitor.ReceivedRequest;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many threads use one session, and its monitor replies in random order. */
class ManyThreadsTest {
    private static final int THREADS = 8;
    private static final int CALLS = 300; // of each thread
    private static final int AT_ONCE = THREADS / 2; // requests that the monitor leaves without a reply

    static LongStream seeds() {
        return LongStream.of(1, 2, System.nanoTime());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everyCallGetsItsOwnReplyOrGivesUp(long seed) throws Exception {
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
        try (ScriptedMonitor monitor = new ScriptedMonitor(pair.first());
                ArcaSession guest = ArcaSession.of(pair.second())) {
            Task<Integer> answers = Task.of(() -> answer(monitor, new SplittableRandom(seed)));
            List<Task<Integer>> callers = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(seed + 1);
            for (int i = 0; i < THREADS; i++) {
                int port = i + 1;
                SplittableRandom own = random.split();
                callers.add(Task.of(() -> call(guest, port, own)));
            }
            int answered = 0;
            for (Task<Integer> caller : callers) answered += caller.get();
            assertTrue(answered > 0, "some calls got a reply in time");
            guest.listen(new Endpoint(0, 0)); // tells the monitor to answer all requests and stop
            int requests = answers.get();
            assertTrue(requests >= answered, () -> requests + " requests");
        }
    }

    /** An interrupt of the calling thread by another one, at some moment. */
    private record Interrupt(Semaphore done) {
        static final Interrupt NONE = new Interrupt(new Semaphore(1));

        static Interrupt start() {
            Thread target = Thread.currentThread();
            Semaphore done = new Semaphore(0);
            Thread.startVirtualThread(() -> {
                target.interrupt();
                done.release();
            });
            return new Interrupt(done);
        }

        /**
         * Waits until the interrupt is complete. Thread.interrupt() sets the status first, and then closes the channel in
         * which the thread waits. Without this wait, it may close the channel of the next call, whose status is not set.
         */
        void join() {
            done.acquireUninterruptibly();
            done.release();
        }
    }

    /** Connects and accepts. The port is the number of this thread, and each reply must carry it. */
    private static int call(ArcaSession guest, int port, SplittableRandom random) throws Exception {
        ArcaListener listener = guest.listen(new Endpoint(1, port));
        assertEquals(port, listener.listenerId());
        int answered = 0;
        for (int i = 0; i < CALLS; i++) {
            Duration timeout = switch (random.nextInt(3)) {
                case 0 -> Duration.ofNanos(1 + random.nextInt(300_000));
                default -> Duration.ZERO;
            };
            Interrupt interrupt = random.nextInt(10) == 0 ? Interrupt.start() : Interrupt.NONE;
            try (ArcaStream stream =
                    random.nextInt(4) == 0 ? listener.accept(timeout) : guest.connect(new Endpoint(i, port), timeout)) {
                assertEquals(port, stream.inputStream().read());
                answered++;
            } catch (ErrnoException e) {
                assertEquals(port, e.errno());
                answered++;
            } catch (SocketTimeoutException e) {
                continue;
            } catch (InterruptedIOException | ClosedByInterruptException e) {
                assertTrue(Thread.interrupted());
            } finally {
                interrupt.join();
            }
        }
        listener.close();
        return answered;
    }

    /** Replies in random order until it is asked to listen on port 0. Returns how many requests it has received. */
    private static int answer(ScriptedMonitor monitor, SplittableRandom random) throws Exception {
        List<ReceivedRequest> waiting = new ArrayList<>();
        for (int requests = 0; ; requests++) {
            ReceivedRequest asked = monitor.next();
            waiting.add(asked);
            boolean stop = asked.request() instanceof ListenRequest(Endpoint at) && at.port() == 0;
            while (!waiting.isEmpty() && (stop || waiting.size() > AT_ONCE || monitor.hasNoRequest())) {
                reply(monitor, waiting.remove(random.nextInt(waiting.size())), random);
            }
            if (stop) return requests;
        }
    }

    private static void reply(ScriptedMonitor monitor, ReceivedRequest asked, SplittableRandom random)
            throws Exception {
        switch (asked.request()) {
            case ListenRequest(Endpoint at) -> monitor.reply(asked.id(), new ListenOk(at.port()));
            case ConnectRequest(Endpoint to) -> {
                if (random.nextBoolean()) monitor.reply(asked.id(), new ConnectErr(to.port()));
                else hand(monitor, Frames.of(asked.id(), monitor.connectOk()), to.port());
            }
            case AcceptRequest(int listenerId) ->
                hand(monitor, Frames.of(asked.id(), monitor.incoming(listenerId)), listenerId);
        }
    }

    private static void hand(ScriptedMonitor monitor, byte[] frame, int port) throws Exception {
        DataPipe pipe = monitor.pipe();
        pipe.peer().write(Character.toString(port));
        monitor.send(frame, pipe.guests().reader(), pipe.guests().writer());
        pipe.guests().close();
        pipe.peer().toGuest().close();
        pipe.peer().fromGuest().close();
    }
}
