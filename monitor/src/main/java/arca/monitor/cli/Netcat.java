package arca.monitor.cli;

import arca.control.guest.ArcaStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** This process's stdin and stdout on a connection. */
final class Netcat {
    /** As much as a pipe holds by default: pipe(7), "Pipe capacity". */
    private static final int BUFFER = 64 * 1024;

    private Netcat() {}

    /**
     * Copies both ways until both have ended. Each direction ends alone: stdin's end is the peer's, and the peer's end
     * closes stdout, so that whoever reads that is told.
     *
     * @throws IOException what failed; at once where it is stdout, for then nobody is left to read
     */
    static void relay(ArcaStream stream) throws IOException, InterruptedException {
        FutureTask<Void> toPeer = new FutureTask<>(() -> {
            toPeer(stream);
            return null;
        });
        // A daemon: a read of stdin that nobody waits for any more does not keep the process.
        Thread.ofPlatform().daemon().name("stdin").start(toPeer);
        try (OutputStream stdout = new FileOutputStream(FileDescriptor.out)) {
            copy(stream.inputStream(), stdout);
        }
        try {
            toPeer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) throw failure;
            throw new IllegalStateException("copying stdin", e.getCause());
        }
    }

    private static void toPeer(ArcaStream stream) throws IOException {
        try {
            copy(new FileInputStream(FileDescriptor.in), stream.outputStream());
        } finally {
            stream.shutdownOutput();
        }
    }

    /** Copies to the end of {@code from}; what has come is passed on at once. */
    static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int n; (n = from.read(buffer)) >= 0; ) {
            to.write(buffer, 0, n);
            to.flush();
        }
    }
}
