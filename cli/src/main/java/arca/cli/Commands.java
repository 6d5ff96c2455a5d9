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
 * Commands that run, each with a connection as its stdin and stdout: the connection's own descriptors, so its bytes do
 * not pass through this process, and each direction ends when the command, and what it has started, have closed it.
 *
 * <p>Each command leads a session, hence a process group, of its own. It runs until the last process of that group has
 * ended, whoever's child that was: this process adopts them.
 *
 * <p>The lock is held across the system calls that start, reap and signal: the number of a group is the kernel's to give
 * anew as soon as its last process was reaped, and the signal must not meet another's group.
 */
final class Commands {
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int EVENTS = 64;
    private static final String SHELL = "/bin/sh";
    private static final Pattern PLAIN_WORDS = Pattern.compile("[A-Za-z0-9_/][A-Za-z0-9_@%+:,./ -]*");

    private final String command;

    // Which command's connection is gone: EPOLLERR of its write end. Nothing here keeps that end open, so the response
    // ends with its last writer, and the kernel then forgets the entry: epoll(7), "Questions and answers", 6.
    private final Epoll connections = new Epoll(Arena.ofAuto(), EVENTS);

    // Under this object's monitor.
    private final Map<Long, Integer> groups = new HashMap<>(); // by a number of our own
    private long started;
    private boolean ending;

    /**
     * No command yet; and the threads that wait for their ends.
     *
     * @param command for {@code sh -c}
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    Commands(String command) throws ErrnoException {
        this.command = isProgram(command) ? "exec " + command : command;
        check("prctl PR_SET_CHILD_SUBREAPER", Processes.adoptOrphans());
        Thread.ofPlatform().daemon().name("ends of commands").start(this::awaitExits);
        Thread.ofPlatform().daemon().name("ends of connections").start(this::awaitGone);
    }

    /**
     * Whether a command is one program and plain words. Such a program can take the shell's place. Some shells would start
     * it as a second process, and at a limit on processes that fails when the connection can no longer wait.
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
     * @param connection whose ends the command gets; they are closed here once it has
     * @throws ErrnoException if it cannot be started: EAGAIN at a limit on processes. The connection is still the caller's
     */
    synchronized void start(DataPipes.Ends connection) throws ErrnoException, InterruptedException {
        while (ending) wait(); // this process ends
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

    /** Waits until no more than {@code count} run. */
    synchronized void awaitAtMost(int count) throws InterruptedException {
        while (groups.size() > count) wait();
    }

    /** Waits until a command starts or ends, or for a time. */
    synchronized void awaitChange(long milliseconds) throws InterruptedException {
        wait(milliseconds);
    }

    /** Ends all commands: SIGTERM to each group, and SIGKILL to those that have not ended after 5 s. Starts no more. */
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
            throw new AssertionError("an epoll instance that is never closed", e);
        }
    }

    /** Nobody reads what the command writes, and no more comes for it to read. */
    private synchronized void connectionGone(long number) {
        Integer group = groups.get(number);
        if (group != null) Processes.kill(-group, SIGTERM);
    }
}
