package arca.cli;

import static arca.bindings.Constants.EPOLLET;
import static arca.bindings.Constants.SIGKILL;
import static arca.bindings.Constants.SIGTERM;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Epoll;
import arca.bindings.ErrnoException;
import arca.bindings.Processes;
import arca.control.guest.DataPipes;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The running commands. Each command has the descriptors of a connection as its stdin and stdout. So the bytes do not pass
 * through this process, and a direction ends when the command and all its children have closed it.
 *
 * <p>Each command leads a session of its own, and so a process group. The command counts as running until the last process
 * of that group has ended. This process adopts orphans, so it learns of each end.
 *
 * <p>The lock is held across the system calls that start, reap and signal: as soon as the last process of a group is reaped,
 * the kernel may give the group's number to another group, which must not get the signal.
 */
final class Commands {
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int EVENTS = 64;
    private static final String SHELL = "/bin/sh";
    private static final Pattern PLAIN_WORDS = Pattern.compile("[A-Za-z0-9_/][A-Za-z0-9_@%+:,./ -]*");

    private final String command;

    // Reports EPOLLERR of a command's write end: its connection is gone. This process does not keep that end open, so
    // the response ends with its last writer. The kernel then removes the entry: epoll(7), "Questions and answers", 6.
    private final Epoll connections = new Epoll(Arena.ofAuto(), EVENTS);

    // Under this object's monitor.
    private final Map<Long, Integer> groups =
            new HashMap<>(); // process group by token, a number that counts the commands
    private long started;
    private boolean ending;

    /**
     * Starts the threads that wait for the ends of commands and of connections. No command runs yet.
     *
     * @param command the text for {@code sh -c}
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    Commands(String command) throws ErrnoException {
        this.command = isProgram(command) ? "exec " + command : command;
        check("prctl PR_SET_CHILD_SUBREAPER", Processes.adoptOrphans());
        Thread.ofPlatform().daemon().name("ends of commands").start(this::awaitExits);
        Thread.ofPlatform().daemon().name("ends of connections").start(this::awaitGone);
    }

    /**
     * Tells whether a command is a program with plain words as arguments. Then {@code exec} can replace the shell by the
     * program. Without it, some shells start the program as a second process. At a limit on processes that start fails, too
     * late for the connection to wait.
     */
    private static boolean isProgram(String command) {
        if (!PLAIN_WORDS.matcher(command).matches()) return false;
        String program = command.split(" ", 2)[0];
        String path = program.contains("/") ? "" : System.getenv().getOrDefault("PATH", "");
        return Arrays.stream(path.split(":", -1))
                .map(folder -> Path.of(folder, program))
                .anyMatch(file -> Files.isRegularFile(file) && Files.isExecutable(file));
    }

    /**
     * Starts a command.
     *
     * @param connection the command's stdin and stdout; closed in this process once the command has started
     * @throws ErrnoException if the command cannot start: EAGAIN at a limit on processes. The caller still owns the connection
     */
    synchronized void start(DataPipes.Ends connection) throws ErrnoException, InterruptedException {
        while (ending) wait(); // until the process ends
        connections.add(connection.writer(), EPOLLET, started); // EPOLLERR is always reported
        try {
            int group = check(
                    "posix_spawn " + SHELL,
                    Processes.spawn(SHELL, List.of("sh", "-c", command), connection.reader(), connection.writer()));
            groups.put(started++, group);
        } catch (ErrnoException e) {
            connections.delete(connection.writer());
            throw e;
        }
        connection.close();
        notifyAll();
    }

    /** Waits until at most {@code count} commands run. */
    synchronized void awaitAtMost(int count) throws InterruptedException {
        while (groups.size() > count) wait();
    }

    /** Waits until a command starts or ends, but at most {@code milliseconds}. */
    synchronized void awaitChange(long milliseconds) throws InterruptedException {
        wait(milliseconds);
    }

    /** Ends all commands and starts no more. Each group gets SIGTERM; a group that runs after 5 seconds gets SIGKILL. */
    synchronized void end() {
        ending = true;
        groups.values().forEach(group -> Processes.kill(-group, SIGTERM));
        try {
            long deadline = System.nanoTime() + GRACE_NANOS;
            for (long left = GRACE_NANOS; !groups.isEmpty() && left > 0; left = deadline - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        groups.values().forEach(group -> Processes.kill(-group, SIGKILL));
    }

    private void awaitExits() {
        try {
            for (; ; ) {
                if (Processes.awaitExit() < 0) awaitStart(); // ECHILD
                reap();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void awaitStart() throws InterruptedException {
        while (groups.isEmpty()) wait();
    }

    private synchronized void reap() {
        int any;
        do {
            any = Processes.reap(-1);
        } while (any > 0);
        groups.values().removeIf(Commands::hasEnded);
        notifyAll();
    }

    private static boolean hasEnded(int group) {
        int answer;
        do {
            answer = Processes.reap(-group);
        } while (answer > 0);
        return answer < 0; // ECHILD
    }

    private void awaitGone() {
        try {
            for (; ; ) {
                int n = connections.await(-1);
                for (int i = 0; i < n; i++) connectionGone(connections.token(i));
            }
        } catch (ErrnoException e) {
            throw new AssertionError("epoll_wait failed, although the instance is never closed", e);
        }
    }

    /** Ends a command whose connection is gone: nobody reads its output any more. */
    private synchronized void connectionGone(long number) {
        Integer group = groups.get(number);
        if (group != null) Processes.kill(-group, SIGTERM);
    }
}
