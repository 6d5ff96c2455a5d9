package arca.monitor.server;

import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Pipe;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.server.ThreadState.Where;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.Patience;
import arca.testkit.Together;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests what the kernel reports about a thread, for threads that wait for different things. */
class ThreadStateTest {
    /** A thread that first opens its own {@link ThreadState}, and then runs an action. */
    private record Watched(ThreadState state, FutureTask<Void> task) {
        static Watched start(Together.Action action) throws Exception {
            CompletableFuture<ThreadState> state = new CompletableFuture<>();
            FutureTask<Void> task = Together.start(() -> {
                state.complete(ThreadState.ofThisThread());
                action.run();
            });
            return new Watched(state.get(), task);
        }

        void await(Where where, MemorySegment buffer) throws Exception {
            Patience.await("a thread that is " + where, () -> state.look(buffer) == where);
        }
    }

    @Test
    void waitForAPipesLockDiffersFromAWaitThatASignalEnds() throws Exception {
        try (Pipe pipe = Pipe.open(0);
                Sockets.Pair idle = Sockets.pair(SOCK_STREAM);
                Arena arena = Arena.ofShared()) {
            MemorySegment bytes = arena.allocate(1);
            MemorySegment buffer = arena.allocate(1024);
            Watched holder = Watched.start(
                    () -> Syscalls.splice(idle.first().value(), pipe.writer().value(), 1, 0));
            AtomicBoolean over = new AtomicBoolean();
            Watched waiter = Watched.start(() -> {
                while (!over.get()) Syscalls.fcntl(pipe.reader().value(), F_GETPIPE_SZ, 0);
            });
            try (ThreadState holds = holder.state();
                    ThreadState _ = waiter.state()) {
                waiter.await(Where.PIPE_LOCK, buffer);
                assertEquals(Where.FREE, holds.look(buffer), "a signal could end its wait");
                over.set(true);
                assertEquals(1, Syscalls.write(idle.second().value(), bytes));
                Together.join(holder.task());
                Together.join(waiter.task());
                waiter.await(Where.ENDED, buffer);
            }
            assertEquals(Where.ENDED, waiter.state().look(buffer), "closed");
        }
    }

    /** After vfork(2), the parent waits in state D until the child ends. This child ends when it has read a line. */
    @Test
    void anotherWaitInStateDIsNotTakenForAPipesLock(@TempDir Path folder) throws Exception {
        Path source = Files.writeString(folder.resolve("vfork.c"), """
                #include <unistd.h>
                int main(void) { char c; if (vfork() == 0) { read(0, &c, 1); _exit(0); } return 0; }
                """);
        String program = folder.resolve("vfork").toString();
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/cc")), "no C compiler: nothing here can call vfork(2)");
        ChildJvm.Result built = ChildJvm.run(List.of("/usr/bin/cc", "-w", "-o", program, source.toString()));
        assertEquals(0, built.status(), built.output());
        try (Child parent = Child.start(List.of(program));
                ThreadState state = ThreadState.of("/proc/" + parent.pid());
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1024);
            // A thread that is about to sleep is already in state D, but the kernel names no function yet.
            Patience.await("the wait for the child", () -> {
                Where where = state.look(buffer);
                assertNotEquals(Where.PIPE_LOCK, where);
                return where == Where.ELSEWHERE;
            });
            parent.writeLine("");
            assertEquals(0, parent.exitStatus());
            assertEquals(Where.ENDED, state.look(buffer));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "anon_pipe_read, PIPE_LOCK",
        "pipe_write, PIPE_LOCK",
        "pipe_release, PIPE_LOCK",
        "splice_to_socket, PIPE_LOCK",
        "do_splice, PIPE_LOCK",
        "folio_wait_bit_common, ELSEWHERE",
        "rpc_wait_bit_killable, ELSEWHERE",
        "mem_cgroup_handle_over_high, ELSEWHERE",
        "0, UNKNOWN",
        "'', UNKNOWN",
    })
    void functionOfTheKernelsSaysWhatIsWaitedFor(String function, Where where) {
        assertEquals(where, ThreadState.waitsIn(function));
    }

    @Test
    void nameOfAThreadIsNotItsState() {
        assertTrue(ThreadState.isUninterruptible("7 (a) S 1) D 1 7"));
        assertTrue(!ThreadState.isUninterruptible("7 (a) D 1) S 1 7"));
    }
}
