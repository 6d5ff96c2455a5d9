package arca.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaListener;
import arca.control.guest.DataPipes;
import arca.control.guest.SessionEndedException;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Starts a command for each connection of a listener, with the connection as its stdin and stdout, as inetd does. The number
 * of running commands is limited. If the limit or a limit of the system is reached, further connections wait.
 */
final class CommandServer {
    private static final long RETRY_MILLISECONDS = 1000;

    private final ArcaListener listener;
    private final Commands commands;
    private final int most;
    private final Consumer<String> log;

    /**
     * Makes a server. {@link #serve} runs it.
     *
     * @param most how many commands may run at a time; further connections wait in the kernel's backlog
     * @param log receives a line when a connection has to wait or is closed
     */
    CommandServer(ArcaListener listener, Commands commands, int most, Consumer<String> log) {
        this.listener = listener;
        this.commands = commands;
        this.most = most;
        this.log = log;
    }

    /**
     * Serves until the monitor stops or ends, and then waits until the last command has ended.
     *
     * @throws IOException always: it says that the monitor has stopped or ended, or why the listener failed
     */
    void serve() throws IOException, InterruptedException {
        UserLocale.restore(); // the commands inherit it
        Runtime.getRuntime().addShutdownHook(new Thread(commands::end));
        try {
            for (; ; ) {
                commands.awaitAtMost(most - 1);
                start(accept());
            }
        } catch (SessionEndedException e) {
            throw afterLastCommand("the monitor has ended", e);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ESHUTDOWN) throw e;
            throw afterLastCommand("the monitor has stopped", e);
        }
    }

    private IOException afterLastCommand(String message, IOException cause) throws InterruptedException {
        commands.awaitAtMost(0);
        return new IOException(message, cause);
    }

    private DataPipes.Ends accept() throws IOException, InterruptedException {
        for (boolean first = true; ; first = false) {
            try {
                return listener.accept().release();
            } catch (ErrnoException e) {
                if (!isLimit(e)) throw e;
                await(first, e, "waiting to accept the next connection");
            }
        }
    }

    private void start(DataPipes.Ends connection) throws IOException, InterruptedException {
        for (boolean first = true; ; first = false) {
            try {
                commands.start(connection);
                return;
            } catch (ErrnoException e) {
                if (!isLimit(e)) {
                    connection.close();
                    log.accept(e.getMessage() + ": cannot start the command; closed its connection");
                    return;
                }
                await(first, e, "waiting to start the command; its connection stays open");
            }
        }
    }

    private static boolean isLimit(ErrnoException e) {
        return switch (e.errno()) {
            case Errno.EAGAIN, Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> true;
            default -> false;
        };
    }

    /** Waits until a command ends, or for a second: another process may have freed what is missing. */
    private void await(boolean first, ErrnoException e, String what) throws InterruptedException {
        if (first) log.accept(e.getMessage() + ": " + what);
        commands.awaitChange(RETRY_MILLISECONDS);
    }
}
