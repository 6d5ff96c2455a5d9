package arca.monitor.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Serves every connection of a listener by a command of its own, whose stdin and stdout the connection is, as inetd does.
 * Commands end with this process.
 */
final class CommandServer {
    private final ArcaListener listener;
    private final String command;
    private final Consumer<String> log;

    // Under this object's monitor.
    private final Set<Process> running = new HashSet<>();
    private int serving;
    private long served; // and ended

    /**
     * A server that serves nobody yet.
     *
     * @param command for {@code sh -c}
     * @param log takes a line of what went wrong with one connection
     */
    CommandServer(ArcaListener listener, String command, Consumer<String> log) {
        this.listener = listener;
        this.command = command;
        this.log = log;
    }

    /** Serves until the listener fails, or the process is ended. */
    void serve() throws IOException, InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::endCommands));
        for (; ; ) {
            ArcaStream stream = accept();
            synchronized (this) {
                serving++;
            }
            Thread.ofPlatform().start(() -> {
                try {
                    serve(stream);
                } catch (IOException e) {
                    log.accept(e.getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    ended();
                }
            });
        }
    }

    /** Waits where the monitor, or this process, has no room for one more, until a connection has ended. */
    private ArcaStream accept() throws IOException, InterruptedException {
        for (; ; ) {
            long before = served();
            try {
                return listener.accept();
            } catch (ErrnoException e) {
                boolean full = switch (e.errno()) {
                    case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> true;
                    default -> false;
                };
                if (!full || !awaitEndSince(before)) throw e;
            }
        }
    }

    private synchronized long served() {
        return served;
    }

    private synchronized void ended() {
        serving--;
        served++;
        notifyAll();
    }

    /** Waits for the end of a connection; false where there is none to end. */
    private synchronized boolean awaitEndSince(long before) throws InterruptedException {
        while (served == before && serving > 0) wait();
        return served > before;
    }

    private void serve(ArcaStream stream) throws IOException, InterruptedException {
        try (stream) {
            Process process = start();
            Thread input = Thread.ofPlatform().start(() -> toCommand(stream, process));
            try (InputStream from = process.getInputStream()) {
                Netcat.copy(from, stream.outputStream());
            } finally {
                stream.shutdownOutput();
                process.waitFor();
                stream.shutdownInput(); // nobody is left to read
                input.join();
                forget(process);
            }
        }
    }

    private synchronized Process start() throws IOException {
        Process process = new ProcessBuilder("sh", "-c", command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        running.add(process);
        return process;
    }

    private synchronized void forget(Process process) {
        running.remove(process);
    }

    private synchronized void endCommands() {
        running.forEach(Process::destroy);
    }

    /** A command need not read all of its input, so one that does not is no failure. */
    private static void toCommand(ArcaStream stream, Process process) {
        try (OutputStream to = process.getOutputStream()) {
            Netcat.copy(stream.inputStream(), to);
        } catch (IOException e) {
            stream.shutdownInput();
        }
    }
}
