package arca.testnet;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.O_RDONLY;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.KernelThread;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;

/**
 * A guest in a process of its own that does what it is told, a line a deed, and answers each with a line. It speaks bytes,
 * so that it can say what no library would, and holds the last connection that it was handed.
 */
public final class HostileGuest {
    private static final int BLOCK = 64 * 1024;

    private final Arena arena = Arena.ofShared();
    private final ScmRights rights = new ScmRights(arena, Reply.MAX_FRAME_SIZE, ScmRights.MAX_DESCRIPTORS);
    private final MemorySegment frame = arena.allocate(Request.MAX_FRAME_SIZE);
    private final MemorySegment block = arena.allocate(BLOCK);
    private final Fd control;
    private Fd reader;
    private Fd writer;
    private Sockets.Pair wedge;

    private HostileGuest(SocketAddress address) throws IOException {
        control = Sockets.connect(address);
    }

    public static Child start(Path control) throws IOException, InterruptedException {
        Child child = Child.start(ChildJvm.command(HostileGuest.class, control.toString()));
        if (!child.readLine().equals("connected")) throw new AssertionError(child.toString());
        return child;
    }

    /**
     * As {@link #start(Path)}, another user's: the control socket and its folder are opened to everybody.
     *
     * @param classes options that give classes which that user may read
     */
    public static Child startAs(int uid, Path control, List<String> classes) throws IOException, InterruptedException {
        Files.setPosixFilePermissions(control.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(control, PosixFilePermissions.fromString("rw-rw-rw-"));
        List<String> command = new ArrayList<>(asUser(uid));
        command.addAll(ChildJvm.command(classes, HostileGuest.class, control.toString()));
        Child child = Child.start(command);
        if (!child.readLine().equals("connected")) throw new AssertionError(child.toString());
        return child;
    }

    private static List<String> asUser(int uid) {
        String id = Integer.toString(uid);
        return List.of("setpriv", "--reuid", id, "--regid", id, "--clear-groups");
    }

    /** Holds a pipe whose read end it is sent, for as long as it lives. */
    public static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws Exception {
            HostileGuest holder = new HostileGuest(new SocketAddress.Unix(args[0], true));
            holder.rights.receive(holder.control.value(), 0);
            holder.reader = holder.rights.take();
            System.out.println(holder.holdReader());
            new CountDownLatch(1).await();
        }
    }

    /** Fails unless it says that it was handed a connection; how large its pipes are is up to the user's allowance. */
    public static void assertConnected(String said) {
        assertTrue(said.startsWith("ring_size "), said);
    }

    /** Lives as long as its standard input. */
    public static void main(String[] args) throws Exception {
        HostileGuest guest = new HostileGuest(SocketAddress.Unix.path(args[0]));
        System.out.println("connected");
        BufferedReader deeds = new BufferedReader(new InputStreamReader(System.in));
        for (String deed = deeds.readLine(); deed != null; deed = deeds.readLine()) {
            System.out.println(guest.does(deed.split(" ")));
        }
        Runtime.getRuntime().halt(0); // some threads of ours are held in the kernel
    }

    private String does(String... deed) throws Exception {
        return switch (deed[0]) {
            case "connect" -> connect(Integer.parseInt(deed[1]));
            case "ask-to-connect" -> ask(Integer.parseInt(deed[1]), Integer.parseInt(deed[2]));
            case "hear" -> hear(Integer.parseInt(deed[1]));
            case "flood" -> flood();
            case "hold-writer" -> holdWriter();
            case "hold-reader" -> holdReader();
            case "hold-reader-by-child" ->
                holdReaderByChild(deed.length > 1 ? asUser(Integer.parseInt(deed[1])) : List.of());
            case "let-go" -> letGo();
            case "send-descriptors" -> sendDescriptors(Integer.parseInt(deed[1]));
            case "send-raw" -> sendRaw(HexFormat.of().parseHex(deed[1]));
            case "await-end" -> awaitEnd();
            case "write-without-end" -> writeWithoutEnd();
            case "hang-up" -> hangUp();
            default -> throw new IllegalArgumentException(deed[0]);
        };
    }

    // What every guest does.

    private static Endpoint loopback(int port) {
        return new Endpoint(0x7f000001, port);
    }

    private long send(Request request, int flags) {
        int length = request.encode(1, frame, 0);
        return Syscalls.send(control.value(), frame.asSlice(0, length), flags | MSG_NOSIGNAL);
    }

    private String connect(int port) throws Exception {
        send(new ConnectRequest(loopback(port)), 0);
        return receive();
    }

    /** One reply; what came with the last one closes. */
    private String receive() throws Exception {
        long n = rights.receive(control.value(), 0);
        if (n <= 0) return "the end";
        Reply reply = Reply.decode(rights.bytes().asSlice(0, n), 0);
        if (!(reply instanceof Reply.ConnectOk(ConnectionReady ready))) return reply.toString();
        if (reader != null) {
            reader.close();
            writer.close();
        }
        reader = rights.take();
        writer = rights.take();
        return "ring_size " + ready.pipe().ringSize();
    }

    // What no guest should.

    /** Requests whose replies stay unread. */
    private String ask(int port, int count) {
        for (int i = 0; i < count; i++) send(new ConnectRequest(loopback(port)), 0);
        return "asked";
    }

    private String hear(int count) throws Exception {
        for (int i = 1; i < count; i++) receive();
        return receive();
    }

    /** Sends requests and reads no reply, until the monitor reads no more requests; goes on when it does. */
    private String flood() {
        Request request = new AcceptRequest(0);
        while (send(request, MSG_DONTWAIT) > 0) {}
        Thread.ofPlatform().daemon().start(() -> {
            while (send(request, 0) > 0) {}
        });
        return "flooded";
    }

    /** Splices into its pipe from a socket on which nothing comes: it sleeps with the pipe's lock in hand. */
    private String holdWriter() throws Exception {
        wedge = Sockets.pair(SOCK_STREAM);
        return sleepsIn(() -> Syscalls.splice(wedge.first().value(), writer.value(), 1, 0));
    }

    /** Splices what has come out of its pipe to a socket that is full: likewise. */
    private String holdReader() throws Exception {
        Poll poll = new Poll(arena, 1);
        poll.set(0, reader.value(), POLLIN);
        poll.poll(-1);
        wedge = Sockets.pair(SOCK_STREAM);
        while (Syscalls.send(wedge.first().value(), block.asSlice(0, 1), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
        return sleepsIn(() -> Syscalls.splice(reader.value(), wedge.first().value(), 1, 0));
    }

    /** Has a process of its own do it, which alone has the read end then: that process's number. */
    private String holdReaderByChild(List<String> prefix) throws Exception {
        String name = "arca-holder-" + ProcessHandle.current().pid();
        List<String> command = new ArrayList<>(prefix);
        command.addAll(ChildJvm.command(Holder.class, name));
        try (Fd listener = Sockets.listen(new SocketAddress.Unix(name, true), 0, 1)) {
            Child child = Child.start(command); // lives on after this process
            try (Fd socket = Sockets.accept(listener, 0).orElseThrow()) {
                rights.put(0, reader.value());
                rights.send(socket.value(), 1, 1, MSG_NOSIGNAL);
                reader.close();
                String said = child.readLine();
                return "held".equals(said) ? Long.toString(child.pid()) : said;
            }
        }
    }

    /** Makes a splice(2) in a thread of its own, and returns when that sleeps in it. */
    private static String sleepsIn(LongSupplier splice) throws Exception {
        CompletableFuture<Integer> tid = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            tid.complete(Syscalls.gettid());
            splice.getAsLong();
        });
        KernelThread.of(tid.get()).awaitSleepIn("splice");
        return "held";
    }

    private String letGo() {
        Syscalls.send(wedge.second().value(), block.asSlice(0, 1), MSG_DONTWAIT | MSG_NOSIGNAL);
        Syscalls.recv(wedge.second().value(), block, MSG_DONTWAIT);
        return "let go";
    }

    private String sendDescriptors(int count) throws Exception {
        try (Fd descriptor = Fd.open("/dev/null", O_RDONLY, 0)) {
            for (int i = 0; i < count; i++) rights.put(i, descriptor.value());
            int length = new AcceptRequest(0).encode(1, rights.bytes(), 0);
            long n = rights.send(control.value(), length, count, MSG_NOSIGNAL);
            return n >= 0 ? "sent" : Errno.describe((int) -n);
        }
    }

    private String sendRaw(byte[] bytes) {
        MemorySegment raw = block.asSlice(0, bytes.length).copyFrom(MemorySegment.ofArray(bytes));
        return "sent " + Syscalls.send(control.value(), raw, MSG_NOSIGNAL);
    }

    private String awaitEnd() {
        long n;
        do {
            n = Syscalls.recv(control.value(), block, 0);
        } while (n > 0);
        return "the end";
    }

    private String writeWithoutEnd() {
        for (int i = 0; i < BLOCK; i++) block.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
        Thread.ofPlatform().daemon().start(() -> {
            long done = 0; // of the block: a signal, such as SIGSTOP, may end a write(2) early
            for (long n; (n = Syscalls.write(writer.value(), block, done, BLOCK - done)) > 0; )
                done = (done + n) % BLOCK;
        });
        return "writing";
    }

    private String hangUp() {
        control.close();
        return "hung up";
    }
}
