package arca.testnet;

import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A TCP server that sends back everything that it receives. */
public final class EchoPeer implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 4096, InetAddress.getLoopbackAddress());
    private final Thread thread = Thread.ofPlatform().daemon().start(this::serve);
    private volatile boolean closed;

    public EchoPeer() throws IOException {}

    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private void serve() {
        try {
            while (true) {
                Socket connection = server.accept();
                if (closed) {
                    connection.close();
                    return;
                }
                Thread.ofPlatform().daemon().start(() -> echo(connection));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException e) {
            // the guest was killed, and the connection was reset
        }
    }

    /** Sends back everything that a guest's stream receives. */
    public static void echo(ArcaStream stream) {
        try {
            stream.inputStream().transferTo(stream.outputStream());
            stream.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the server's thread by a last connection. Closing a socket that a thread waits on would make the JVM open others. */
    @Override
    public void close() throws IOException {
        closed = true;
        new Socket(server.getInetAddress(), server.getLocalPort()).close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.close();
    }
}
