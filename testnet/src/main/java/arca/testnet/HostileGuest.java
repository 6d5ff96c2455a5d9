package arca.testnet;

import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.F_SETPIPE_SZ;
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
import arca.control.Reply.ConnectErr;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
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
 * A guest in its own process. It reads commands from its standard input, one per line, and prints a line as the result of
 * each. It sends the protocol's bytes itself, so it can also send what no library would send. It keeps the last connection
 * that it received.
 */
public final class HostileGuest {
    private static final int BLOCK = 64 * 1024;
    private static final int LISTENERS = 256; // that one session may have
    private static final int PAGE = 4096;
    private static final int REFUSED = 64; // requests at once

    private final Arena arena = Arena.ofShared();
    private final ScmRights rights = new ScmRights(arena, Reply.MAX_FRAME_SIZE, ScmRights.MAX_DESCRIPTORS);
    private final MemorySegment frame = arena.allocate(Request.MAX_FRAME_SIZE);
    private final MemorySegment block = arena.allocate(BLOCK);
    private final SocketAddress address;
    private final Fd control;
    private Fd reader;
    private Fd writer;
    private Sockets.Pair wedge;
    private final List<Fd> kept = new ArrayList<>();

    private HostileGuest(SocketAddress address) throws IOException {
        this.address = address;
        control = Sockets.connect(address);
    }

    public static Child start(Path control) throws IOException, InterruptedException {
        Child child = Child.start(ChildJvm.command(HostileGuest.class, control.toString()));
        if (!child.readLine().equals("connected")) throw new AssertionError(child.toString());
        return child;
    }

    /**
     * As {@link #start(Path)}, but runs as another user. Gives all users access to the control socket and its folder.
     *
     * @param classes JVM options that name classes which that user can read
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

    /** A process that receives the read end of a pipe, and holds the pipe's lock until the process ends. */
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

    /** Fails unless a result says that the guest received a connection. The size of its pipes may be any. */
    public static void assertConnected(String said) {
        assertTrue(said.startsWith("ring_size "), said);
    }

    /** Runs the guest until the end of its standard input. */
    public static void main(String[] args) throws Exception {
        HostileGuest guest = new HostileGuest(SocketAddress.Unix.path(args[0]));
        System.out.println("connected");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            System.out.println(guest.execute(command.split(" ")));
        }
        Runtime.getRuntime().halt(0); // some threads of this process may be blocked in the kernel
    }

    private String execute(String... command) throws Exception {
        return switch (command[0]) {
            case "connect" -> connect(Integer.parseInt(command[1]));
            case "send-connects" -> sendConnects(Integer.parseInt(command[1]), Integer.parseInt(command[2]));
            case "receive" -> receive(Integer.parseInt(command[1]));
            case "flood" -> flood();
            case "hold-writer" -> holdWriter();
            case "hold-reader" -> holdReader();
            case "hold-reader-by-child" ->
                holdReaderByChild(command.length > 1 ? asUser(Integer.parseInt(command[1])) : List.of());
            case "release" -> release();
            case "send-descriptors" -> sendDescriptors(Integer.parseInt(command[1]));
            case "send-raw" -> sendRaw(HexFormat.of().parseHex(command[1]));
            case "await-end" -> awaitEnd();
            case "write-without-end" -> writeWithoutEnd();
            case "close-control" -> closeControl();
            case "connect-many" -> connectMany(Integer.parseInt(command[1]), Integer.parseInt(command[2]));
            case "enlarge-pipes" -> enlargePipes();
            case "upload-and-leave" -> uploadAndLeave(Integer.parseInt(command[1]), Integer.parseInt(command[2]));
            case "listen-everywhere" -> listenEverywhere();
            case "connect-and-end" -> connectAndEnd(Endpoint.parse(command[1]));
            case "be-refused-without-end" -> withoutEnd(Integer.parseInt(command[1]), this::beRefused);
            case "break-frames-without-end" -> withoutEnd(Integer.parseInt(command[1]), this::breakFrame);
            case "come-and-go-without-end" -> withoutEnd(Integer.parseInt(command[1]), Fd::close);
            default -> throw new IllegalArgumentException(command[0]);
        };
    }

    // Commands that any guest may execute.

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

    /** Receives a reply. If it is a connection, closes the previous one. */
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

    // Commands that harm the monitor or break the protocol.

    /** Sends requests, and does not read their replies. */
    private String sendConnects(int port, int count) {
        for (int i = 0; i < count; i++) send(new ConnectRequest(loopback(port)), 0);
        return "sent";
    }

    private String receive(int count) throws Exception {
        for (int i = 1; i < count; i++) receive();
        return receive();
    }

    /** Sends requests and reads no reply until the monitor stops reading. A thread sends more whenever it reads again. */
    private String flood() {
        Request request = new AcceptRequest(0);
        while (send(request, MSG_DONTWAIT) > 0) {}
        Thread.ofPlatform().daemon().start(() -> {
            while (send(request, 0) > 0) {}
        });
        return "flooded";
    }

    /** Splices into its pipe from a socket that has no data: the call sleeps and holds the pipe's lock. */
    private String holdWriter() throws Exception {
        wedge = Sockets.pair(SOCK_STREAM);
        return sleepsIn(() -> Syscalls.splice(wedge.first().value(), writer.value(), 1, 0));
    }

    /** Splices from its pipe to a socket that is full: the call sleeps and holds the pipe's lock. */
    private String holdReader() throws Exception {
        Poll poll = new Poll(arena, 1);
        poll.set(0, reader.value(), POLLIN);
        poll.poll(-1);
        wedge = Sockets.pair(SOCK_STREAM);
        while (Syscalls.send(wedge.first().value(), block.asSlice(0, 1), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
        return sleepsIn(() -> Syscalls.splice(reader.value(), wedge.first().value(), 1, 0));
    }

    /** As holdReader, but in a child process, which then is the only one with the read end. Returns its process id. */
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

    /** Starts a thread that calls splice(2), and waits until it sleeps in that call. */
    private static String sleepsIn(LongSupplier splice) throws Exception {
        CompletableFuture<Integer> tid = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            tid.complete(Syscalls.gettid());
            splice.getAsLong();
        });
        KernelThread.of(tid.get()).awaitSleepIn("splice");
        return "held";
    }

    private String release() {
        Syscalls.send(wedge.second().value(), block.asSlice(0, 1), MSG_DONTWAIT | MSG_NOSIGNAL);
        Syscalls.recv(wedge.second().value(), block, MSG_DONTWAIT);
        return "released";
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

    /** Opens listeners until one is refused, in as many sessions as that takes. Returns the refusal, or that of a session. */
    private String listenEverywhere() throws Exception {
        for (; ; ) {
            Fd session = Sockets.connect(address); // stays open
            for (int i = 0; i < LISTENERS; i++) {
                int length = new ListenRequest(loopback(0)).encode(1, frame, 0);
                Syscalls.send(session.value(), frame.asSlice(0, length), MSG_NOSIGNAL);
                long n = rights.receive(session.value(), 0);
                if (n <= 0) return "the session was refused";
                Reply reply = Reply.decode(rights.bytes().asSlice(0, n), 0);
                if (reply instanceof Reply.ListenErr(int errno)) return Errno.describe(errno);
            }
        }
    }

    /** Opens connections, and ends each at once, until one is refused. Returns how many there were, and the refusal. */
    private String connectAndEnd(Endpoint to) throws Exception {
        for (int connections = 0; ; connections++) {
            send(new ConnectRequest(to), 0);
            long n = rights.receive(control.value(), 0);
            if (n <= 0) return "the session was refused";
            Reply reply = Reply.decode(rights.bytes().asSlice(0, n), 0);
            if (reply instanceof Reply.ConnectErr(int errno))
                return connections + " connections, then " + Errno.describe(errno);
            rights.take().close();
            rights.take().close();
        }
    }

    /** Makes connections and keeps their pipes. */
    private String connectMany(int port, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            send(new ConnectRequest(loopback(port)), 0);
            rights.receive(control.value(), 0);
            kept.add(rights.take());
            kept.add(rights.take());
        }
        return "connected";
    }

    /** Is several guests, one after the other. Each sends a peer more than it takes, and ends. */
    private String uploadAndLeave(int port, int guests) throws Exception {
        for (int i = 0; i < guests; i++) {
            try (Fd session = Sockets.connect(address)) {
                int length = new ConnectRequest(loopback(port)).encode(1, frame, 0);
                Syscalls.send(session.value(), frame.asSlice(0, length), MSG_NOSIGNAL);
                if (rights.receive(session.value(), 0) <= 0) return "the session was refused";
                try (Fd _ = rights.take();
                        Fd output = rights.take()) {
                    for (int blocks = 0; blocks < 3; blocks++) Syscalls.write(output.value(), block, 0, BLOCK);
                }
            }
        }
        return "left";
    }

    /** Enlarges the pipes that it keeps as far as the kernel lets it. Returns why it does not let it go on. */
    private String enlargePipes() {
        int last = 0;
        for (int size = 1 << 20; size > PAGE; size /= 2) {
            for (Fd end : kept) {
                if (Syscalls.fcntl(end.value(), F_GETPIPE_SZ, 0) < size)
                    last = Syscalls.fcntl(end.value(), F_SETPIPE_SZ, size);
            }
        }
        return Errno.describe(-last);
    }

    /** Something that a session does, again and again. It closes the session if it cannot go on with it. */
    private interface Misdeed {
        void commit(Fd session);
    }

    /** Commits a misdeed in threads that never end, each with a session of its own. Returns when each has begun. */
    private String withoutEnd(int threads, Misdeed misdeed) throws Exception {
        CountDownLatch begun = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            Thread.ofPlatform().daemon().start(() -> {
                while (true) {
                    try (Fd session = Sockets.connect(address)) {
                        misdeed.commit(session);
                        begun.countDown();
                        while (session.isOpen()) misdeed.commit(session);
                    } catch (IOException e) {
                        continue; // the monitor has no room for this session
                    }
                }
            });
        }
        begun.await();
        return "begun";
    }

    /** Sends requests that the policy denies, all at once, and reads the replies. */
    private void beRefused(Fd session) {
        try (Arena own = Arena.ofConfined()) {
            MemorySegment bytes = own.allocate(REFUSED * (long) Reply.MAX_FRAME_SIZE);
            int length = 0;
            for (int i = 0; i < REFUSED; i++) length += new ConnectRequest(new Endpoint(i, 1)).encode(i, bytes, length);
            long n = Syscalls.send(session.value(), bytes.asSlice(0, length), MSG_NOSIGNAL);
            int replies = new ConnectErr(Errno.EACCES).encode(0, bytes, 0) * REFUSED;
            while (n > 0 && replies > 0) {
                n = Syscalls.recv(session.value(), bytes, 0);
                replies -= (int) n;
            }
            if (n <= 0) session.close();
        }
    }

    private void breakFrame(Fd session) {
        Syscalls.send(session.value(), block.asSlice(0, 7), MSG_NOSIGNAL); // type 0 does not exist
        session.close();
    }

    private String closeControl() {
        control.close();
        return "closed";
    }
}
