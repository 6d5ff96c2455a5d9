package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.testkit.ChildJvm;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** What calls return when the process has all the descriptors it may have. In a child JVM with a lower limit. */
class LimitsTest {
    private static final int LIMIT = 128;

    /** Opens files up to the limit and prints what each call returns there. */
    static final class AtTheLimit {
        private AtTheLimit() {}

        public static void main(String[] args) throws Exception {
            SocketAddress loopback = new SocketAddress.IPv4(0x7f000001, 0);
            try (Arena arena = Arena.ofConfined();
                    Fd listener = Sockets.listen(loopback, 0, 4)) {
                List<Callable<AutoCloseable>> calls = List.of(
                        () -> Fd.open("/dev/null", Constants.O_RDONLY, 0),
                        () -> Pipe.open(0),
                        () -> Sockets.pair(Constants.SOCK_STREAM),
                        () -> Sockets.accept(listener, 0).orElseThrow(),
                        () -> Sockets.connect(Sockets.localAddress(listener)),
                        EventFd::open,
                        () -> new Epoll(arena, 1));
                System.out.println(new ErrnoException("a call", Errno.EMFILE).getMessage());
                Fd first = Sockets.connect(Sockets.localAddress(listener));
                for (Callable<AutoCloseable> call : calls)
                    System.out.println(answer(call)); // loads classes, which needs descriptors
                List<Fd> rest = new ArrayList<>(List.of(first));
                try {
                    while (true) rest.add(Fd.open("/dev/null", Constants.O_RDONLY, 0));
                } catch (ErrnoException e) {
                    for (Callable<AutoCloseable> call : calls) System.out.println(answer(call));
                }
                rest.removeLast().close();
                System.out.println(answer(calls.get(1))); // a pipe needs two, and one is free
                System.out.println(answer(calls.get(3)));
                rest.forEach(Fd::close);
                Poll many = new Poll(arena, LIMIT + 1);
                System.out.println(answer(() -> {
                    many.poll(0);
                    return () -> {};
                }));
            }
        }

        private static String answer(Callable<AutoCloseable> call) throws Exception {
            try {
                call.call().close();
                return "ok";
            } catch (ErrnoException e) {
                return e.getMessage();
            }
        }
    }

    @Test
    void everyCallFailsWithEmfileAndTheConnectionStaysInTheBacklog() throws Exception {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "ulimit -n " + LIMIT + "; exec \"$@\"", "sh", ChildJvm.java()));
        command.add("-XX:-UseContainerSupport"); // otherwise a thread of the JVM opens files at any time
        command.addAll(ChildJvm.sameClasses());
        command.add(AtTheLimit.class.getName());
        ChildJvm.Result child = ChildJvm.run(command);
        String emfile = ": EMFILE (Too many open files)";
        assertEquals("""
                a call: EMFILE (Too many open files)
                ok
                ok
                ok
                ok
                ok
                ok
                ok
                open /dev/null: EMFILE (Too many open files)
                pipe2: EMFILE (Too many open files)
                socketpair: EMFILE (Too many open files)
                accept4: EMFILE (Too many open files)
                socket: EMFILE (Too many open files)
                eventfd: EMFILE (Too many open files)
                epoll_create1: EMFILE (Too many open files)
                pipe2: EMFILE (Too many open files)
                ok
                poll: EINVAL (Invalid argument)
                """, child.output());
        assertEquals(0, child.status());
    }
}
