package arca.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaListener;
import arca.control.guest.DataPipes;
import arca.control.guest.SessionEndedException;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Serves every connection of a listener by a command of its own, whose stdin and stdout the connection is, as inetd does.
 * What peers can use up, by connecting, has a bound; and where the system has less, connections wait: they end nothing.
 */
final class CommandServer {
    private static final long RETRY_MILLISECONDS = 1000;

    private final ArcaListener listener;
    private final Commands commands;
    private final int most;
    private final Consumer<String> log;

    /**
     * A server that serves nobody yet.
     *
     * @param most how many commands may run; connections beyond that wait in the kernel's backlog
     * @param log takes a line of what keeps connections waiting
     */
    CommandServer(ArcaListener listener, Commands commands, int most, Consumer<String> log) {
        this.listener = listener;
        this.commands = commands;
        this.most = most;
        this.log = log;
    }

    /**
     * Serves until the monitor stops or is gone, and then until the last command has ended.
     *
     * @throws IOException that says so, or why the listener failed
     */
    void serve() throws IOException, InterruptedException {
        UserLocale.restore(); // for the commands
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
            throw afterLastCommand("the monitor stopped", e);
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
                await(first, e, "the next connection waits");
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
                    log.accept(e.getMessage() + ": its connection is closed");
                    return;
                }
                await(first, e, "its connection waits");
            }
        }
    }

    private static boolean isLimit(ErrnoException e) {
        return switch (e.errno()) {
            case Errno.EAGAIN, Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> true;
            default -> false;
        };
    }

    /** Waits for a command to end; or for a while, as others may use up the same limit. */
    private void await(boolean first, ErrnoException e, String who) throws InterruptedException {
        if (first) log.accept(e.getMessage() + ": " + who);
        commands.awaitChange(RETRY_MILLISECONDS);
    }
}
