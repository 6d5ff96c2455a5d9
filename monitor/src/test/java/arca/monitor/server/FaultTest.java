package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.EventFd;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.policy.Policy;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testkit.Patience;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fault in the monitor's own code ends the guest that meets it, and no other guest. */
class FaultTest {
    @TempDir
    Path folder;

    /** Returns a kernel in which the call of one name throws, once it is armed. */
    private static Kernel faulty(String call, AtomicBoolean armed) {
        Kernel linux = new LinuxKernel();
        return (Kernel) Proxy.newProxyInstance(
                FaultTest.class.getClassLoader(), new Class<?>[] {Kernel.class}, (_, method, arguments) -> {
                    if (method.getName().equals(call) && armed.getAndSet(false))
                        throw new IllegalStateException("planted");
                    try {
                        return method.invoke(linux, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** The guest's descriptors are closed. Otherwise the check for leaks after the test would fail. */
    @ParameterizedTest
    @ValueSource(
            strings = {"read", "sendmsg", "splice", "shutdown", "epoll_wait", "socket", "connect", "pipe2", "accept4"})
    void faultInAGuestsThreadEndsThatGuestAlone(String call) throws Exception {
        AtomicBoolean armed = new AtomicBoolean();
        MonitorConfig config = MonitorConfig.builder()
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any"))
                .build();
        Ledger ledger = Ledgers.ample();
        Guests guests = new Guests(ledger);
        Path control = folder.resolve("control");
        try (EventFd stop = EventFd.open();
                EchoPeer peer = new EchoPeer()) {
            SharedResources shared = new SharedResources(config, ledger, () -> faulty(call, armed));
            ControlServer server =
                    new ControlServer(ControlSocket.open(control, ControlAccess.OWNER), shared, guests, stop);
            Thread acceptor = Thread.ofPlatform().start(server);
            try (ArcaSession other = ArcaSession.connect(control);
                    ArcaSession faulty = ArcaSession.connect(control)) {
                GoodGuests.connect(other, peer, 1);
                meet(faulty, peer, armed);
                GoodGuests.connect(other, peer, 2);
            }
            assertEquals(true, guests.awaitNone(TimeUnit.SECONDS.toNanos(Patience.SECONDS)));
            stop.signal();
            Patience.join(acceptor);
        } finally {
            guests.close();
        }
    }

    /** Does everything that a guest can do. Sooner or later it meets the fault. */
    private static void meet(ArcaSession session, EchoPeer peer, AtomicBoolean armed) throws IOException {
        ArcaListener listener = GoodGuests.listen(session);
        try (ArcaStream stream = session.connect(peer.address());
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), listener.endpoint().port())) {
            stream.outputStream().write(1);
            assertEquals(1, stream.inputStream().read());
            armed.set(true);
            assertThrows(SessionEndedException.class, () -> {
                stream.outputStream().write(2);
                stream.inputStream().read();
                stream.shutdownOutput();
                stream.inputStream().read();
                listener.accept().close();
                while (true) session.connect(peer.address()).close();
            });
            assertEquals(-1, socket.getInputStream().read());
        } catch (IOException e) {
            if (armed.get()) throw e; // otherwise it is a reset, caused by the end of the guest's thread
        }
    }
}
