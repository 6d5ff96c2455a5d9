package arca.cli.demo;

import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * The guest of the demonstration, which runs in its own process. It executes the commands that it reads from stdin, one per
 * line, and prints one line as the result of each. It exits at the end of stdin, so it ends with its parent process.
 *
 * <pre>
 * command                      does                                                        result
 * listen ADDRESS:PORT          listens                                                     listening
 * receive                      accepts, receives to the end, then sends the result         received COUNT
 * send ADDRESS:PORT COUNT      connects, sends COUNT bytes, half-closes, receives a line   that line
 * connect ADDRESS:PORT         connects and closes                                         connected, or the error
 * </pre>
 */
public final class DemoGuest {
    private final ArcaSession session;
    private ArcaListener listener;

    private DemoGuest(ArcaSession session) {
        this.session = session;
    }

    /** Runs the guest. The argument is the path of the control socket. */
    public static void main(String[] args) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (ArcaSession session = ArcaSession.connect(args[0])) {
            DemoGuest guest = new DemoGuest(session);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(guest.execute(line.split(" ")));
            }
        }
    }

    private String execute(String[] words) throws IOException {
        return switch (words[0]) {
            case "listen" -> listen(Endpoint.parse(words[1]));
            case "receive" -> receive();
            case "send" -> send(Endpoint.parse(words[1]), Long.parseLong(words[2]));
            case "connect" -> connect(Endpoint.parse(words[1]));
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        };
    }

    private String listen(Endpoint at) throws IOException {
        listener = session.listen(at);
        return "listening";
    }

    private String receive() throws IOException {
        try (ArcaStream stream = listener.accept()) {
            String answer = "received " + Pattern.receive(stream);
            // The peer has half-closed; this direction still works.
            stream.outputStream().write((answer + "\n").getBytes(StandardCharsets.US_ASCII));
            return answer;
        }
    }

    private String send(Endpoint to, long count) throws IOException {
        try (ArcaStream stream = session.connect(to)) {
            Pattern.send(stream, count);
            stream.shutdownOutput();
            return new String(stream.inputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
    }

    private String connect(Endpoint to) {
        try {
            session.connect(to).close();
            return "connected";
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}
