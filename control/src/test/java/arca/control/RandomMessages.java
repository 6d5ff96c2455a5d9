package arca.control;

import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.util.SplittableRandom;

/** Makes random messages. Half of the numbers in them are edge cases. */
final class RandomMessages {
    private static final int[] EDGES = {0, 1, 255, 256, 65535, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE, -2, -1};

    private RandomMessages() {}

    static Request request(SplittableRandom random) {
        return switch (random.nextInt(3)) {
            case 0 -> new ListenRequest(endpoint(random));
            case 1 -> new ConnectRequest(endpoint(random));
            default -> new AcceptRequest(u32(random));
        };
    }

    static Reply reply(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> new ListenOk(u32(random));
            case 1 -> new ConnectOk(ready(ConnectionReady.NO_LISTENER, random));
            case 2 -> new IncomingConnection(ready(u32(random), random));
            case 3 -> new ListenErr(u32(random));
            case 4 -> new ConnectErr(u32(random));
            default -> new AcceptErr(u32(random));
        };
    }

    /** Returns a reply that fits the request: a success, or a failure. */
    static Reply replyTo(Request request, SplittableRandom random) {
        if (random.nextInt(3) == 0) return request.refusal(u32(random));
        return switch (request) {
            case ListenRequest _ -> new ListenOk(u32(random));
            case ConnectRequest _ -> new ConnectOk(ready(ConnectionReady.NO_LISTENER, random));
            case AcceptRequest(int listenerId) -> new IncomingConnection(ready(listenerId, random));
        };
    }

    static ConnectionReady ready(int listenerId, SplittableRandom random) {
        long ringSize = random.nextBoolean() ? 65536 : random.nextLong();
        return new ConnectionReady(listenerId, u32(random), new DataPipeInfo(u32(random), ringSize));
    }

    static Endpoint endpoint(SplittableRandom random) {
        return new Endpoint(u32(random), u32(random) & 0xffff);
    }

    static int u32(SplittableRandom random) {
        return random.nextBoolean() ? EDGES[random.nextInt(EDGES.length)] : random.nextInt();
    }
}
