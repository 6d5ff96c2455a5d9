package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pipe has one lock for both ends, and splice(2) holds it while it sleeps. So a process that has one end of a pipe can
 * freeze any thread that uses the other end, even with O_NONBLOCK, until that process ends. Therefore no thread may use
 * the pipes of two guests.
 */
class PipeLockContractTest {
    /** Receives a pipe's write end over a Unix socket and splices into it from a socket that never gets data. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws Exception {
            try (Fd socket = Sockets.connect(SocketAddress.Unix.path(args[0]));
                    Arena arena = Arena.ofConfined();
                    ScmRights message = new ScmRights(arena, 1, 1);
                    Sockets.Pair idle = Sockets.pair(SOCK_STREAM)) {
                message.receive(socket.value(), 0);
                try (Fd writer = message.take()) {
                    Syscalls.splice(idle.first().value(), writer.value(), 4096, 0);
                }
            }
        }
    }

    @Test
    void readerSleepsUninterruptiblyWhileTheOtherEndSplices(@TempDir Path folder) throws Exception {
        SocketAddress address = SocketAddress.Unix.path(folder.resolve("s").toString());
        List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.addAll(List.of(Holder.class.getName(), folder.resolve("s").toString()));
        try (Fd listener = Sockets.listen(address, 0, 1);
                Pipe pipe = Pipe.open(0);
                Arena arena = Arena.ofShared();
                ScmRights message = new ScmRights(arena, 1, 1)) {
            pipe.reader().nonBlocking(true); // only ours: with O_NONBLOCK at the other end the splice would not wait
            MemorySegment byteOfMemory = arena.allocate(1);
            try (Child holder = Child.start(command);
                    Fd connection = Sockets.accept(listener, 0).orElseThrow()) {
                message.put(0, pipe.writer().value());
                assertEquals(1, message.send(connection.value(), 1, 1, 0));
                awaitSplice(holder);
                int reader = pipe.reader().value();
                Waiting waiting = Waiting.in("read", () -> Syscalls.read(reader, byteOfMemory));
                assertEquals('D', KernelThread.of(waiting.tid()).state(), Tcp::kernel);
                assertEquals(0, Tcp.events(pipe.reader(), POLLIN), "poll(2) takes no lock");
                pipe.reader().nonBlocking(true); // F_SETFL takes no lock either, and does not help
                assertFalse(waiting.answer().isDone());
                holder.kill();
                assertEquals(-Errno.EAGAIN, waiting.get(), "the holder's end frees the thread");
            }
        }
    }

    private static void awaitSplice(Child holder) throws Exception {
        Patience.await("the holder's splice(2)", () -> {
            assertTrue(holder.isAlive(), () -> "the holder has ended " + Tcp.kernel());
            for (KernelThread thread : KernelThread.named(holder.pid(), "")) if (thread.sleepsIn("splice")) return true;
            return false;
        });
    }
}
