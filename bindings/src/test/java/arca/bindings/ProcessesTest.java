package arca.bindings;

import static arca.bindings.Constants.SIGKILL;
import static arca.bindings.Constants.SIGTERM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessesTest {
    /** A shell, and our ends of its stdin and stdout. */
    private record Shell(int pid, Fd in, Fd out) implements AutoCloseable {
        static Shell start(String command) throws ErrnoException {
            try (Pipe in = Pipe.open(0);
                    Pipe out = Pipe.open(0)) {
                int pid = ErrnoException.check(
                        "posix_spawn",
                        Processes.spawn("/bin/sh", List.of("sh", "-c", command), in.reader(), out.writer()));
                return new Shell(
                        pid, new Fd(in.writer().release()), new Fd(out.reader().release()));
            }
        }

        /** Reads until all writers have closed. */
        String text() throws ErrnoException {
            StringBuilder text = new StringBuilder();
            MemorySegment bytes = Arena.ofAuto().allocate(4096);
            for (long n; (n = ErrnoException.check("read", Syscalls.read(out.value(), bytes))) > 0; ) {
                byte[] came = bytes.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
                text.append(new String(came, StandardCharsets.UTF_8));
            }
            return text.toString();
        }

        /** Waits until the shell has ended, and reaps it. */
        void end() {
            while (Processes.reap(pid) == 0) assertEquals(0, Processes.awaitExit());
            assertEquals(-Errno.ECHILD, Processes.reap(pid));
        }

        @Override
        public void close() {
            in.close();
            out.close();
        }
    }

    @Test
    void processHasOnlyTheTwoDescriptorsAndStderr() throws Exception {
        try (Pipe inherited = Pipe.open(0)) {
            assertEquals(0, Syscalls.fcntl(inherited.reader().value(), Constants.F_SETFD, 0), "not close-on-exec");
            try (Shell shell = Shell.start("cat; for f in /proc/$$/fd/*; do echo \"${f##*/}\"; done")) {
                assertEquals(
                        6, Syscalls.write(shell.in().value(), Arena.ofAuto().allocateFrom("bytes\n"), 0, 6));
                shell.in().close();
                assertEquals("bytes\n0\n1\n2\n3\n", shell.text(), "3 is the folder that the shell reads");
                shell.end();
            }
        }
    }

    @Test
    void processLeadsANewSessionAndBlocksNoSignal() throws Exception {
        String read = "read -r _ _ _ parent group session _ </proc/$$/stat; echo $$ $group $session $parent;"
                + "while read -r key value; do [ $key != SigBlk: ] || echo $value; done </proc/$$/status";
        try (Shell shell = Shell.start(read)) {
            int pid = shell.pid();
            String expected = pid + " " + pid + " " + pid + " " + Syscalls.getpid() + "\n0000000000000000\n";
            assertEquals(expected, shell.text());
            shell.end();
        }
    }

    @Test
    void signalReachesTheWholeGroup() throws Exception {
        try (Shell shell = Shell.start("exec 3<&0; cat <&3 & wait")) {
            assertEquals(0, Processes.reap(shell.pid()), "it runs");
            assertEquals(0, Processes.kill(-shell.pid(), SIGTERM));
            assertEquals("", shell.text(), "both processes have ended");
            shell.end();
            assertEquals(-Errno.ESRCH, Processes.kill(shell.pid(), SIGKILL));
        }
    }

    @Test
    void missingProgramIsNotStarted() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            assertEquals(
                    -Errno.ENOENT,
                    Processes.spawn("/no/such/program", List.of("program"), pipe.reader(), pipe.writer()));
        }
    }

    /** Runs in its own process, which adopts orphans. */
    static final class Adopts {
        public static void main(String[] args) throws Exception {
            assertEquals(0, Processes.adoptOrphans());
            assertEquals(-Errno.ECHILD, Processes.awaitExit());
            try (Shell shell = Shell.start("exec 3<&0; (cat; echo left) <&3 &")) {
                int group = shell.pid();
                shell.end(); // the shell ends; the process that it started runs on
                assertEquals(0, Processes.reap(-group));
                shell.in().close();
                assertEquals("left\n", shell.text());
                while (Processes.reap(-group) >= 0) assertTrue(Processes.awaitExit() <= 0);
                assertEquals(-Errno.ECHILD, Processes.reap(-group));
            }
            System.out.println("adopted");
        }
    }

    @Test
    void orphanIsAdopted() throws Exception {
        ChildJvm.Result result = ChildJvm.run(ChildJvm.command(Adopts.class));
        assertEquals("adopted\n", result.output());
    }
}
