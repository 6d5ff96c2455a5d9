package arca.bindings;

import static arca.bindings.Constants.MSG_CMSG_CLOEXEC;
import static arca.bindings.Constants.MSG_CTRUNC;
import static arca.bindings.Constants.SCM_RIGHTS;
import static arca.bindings.Constants.SOL_SOCKET;

import arca.bindings.generated.Linux;
import arca.bindings.generated.cmsghdr;
import arca.bindings.generated.iovec;
import arca.bindings.generated.msghdr;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;

/**
 * Sends and receives messages that carry descriptors over a Unix socket: sendmsg(2) and recvmsg(2) with SCM_RIGHTS,
 * unix(7). The object has memory for one message, its bytes and its descriptors, and is usable while its arena is open.
 * A call allocates nothing, except one {@link Fd} for each descriptor that arrives.
 *
 * <p>This object owns the descriptors that arrive until {@link #take} gives them away, in the order in which they
 * arrived. {@link #close} closes the rest. The threads of the arena may use the object, one at a time.
 */
public final class ScmRights implements AutoCloseable {
    /** The most descriptors that the kernel accepts in one message: SCM_MAX_FD. */
    public static final int MAX_DESCRIPTORS = 253;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final long DESCRIPTORS = Linux.ARCA_CMSG_DATA(); // the offset of the first one in a control message
    private static final long ALIGNMENT = Linux.ARCA_CMSG_ALIGNMENT();

    private final int capacity;
    private final MemorySegment bytes;
    private final MemorySegment iov;
    private final MemorySegment control;
    private final MemorySegment message;
    private final Deque<Fd> received = new ArrayDeque<>();
    private boolean truncated;

    /**
     * Allocates memory for one message.
     *
     * @param arena allocates the memory
     * @param size the most bytes of a message, at least 1: the kernel sends no descriptor without a byte
     * @param descriptors the most descriptors of a message, 0 to 253
     */
    public ScmRights(Arena arena, long size, int descriptors) {
        this.capacity = Objects.checkIndex(descriptors, MAX_DESCRIPTORS + 1);
        this.bytes = arena.allocate(size);
        this.iov = iovec.allocate(arena);
        this.control = arena.allocate(DESCRIPTORS + INT.byteSize() * capacity, ALIGNMENT);
        this.message = msghdr.allocate(arena);
        iovec.iov_base(iov, bytes);
        msghdr.msg_iov(message, iov);
        msghdr.msg_iovlen(message, 1);
    }

    /**
     * Returns the bytes of a message. The caller writes them before {@link #send} and reads them after {@link
     * #receive}.
     *
     * @return native memory of the size given to the constructor
     */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Puts a descriptor into the next message.
     *
     * @param index its place in the message, from 0
     * @param fd the descriptor; the caller still owns it: the kernel sends a duplicate
     */
    public void put(int index, int fd) {
        control.set(INT, DESCRIPTORS + INT.byteSize() * Objects.checkIndex(index, capacity), fd);
    }

    /**
     * Sends the first bytes and the first descriptors as one message: sendmsg(2). EINTR is retried.
     *
     * @param socket a connected Unix socket; the caller still owns it
     * @param length how many of {@link #bytes} to send; at least 1 on a stream, which does not carry an empty message
     * @param descriptors how many of the descriptors that were {@link #put} to send
     * @param flags {@code MSG_*}
     * @return the number of bytes that the kernel took (the descriptors go with the first byte), or {@code -errno}:
     *     EAGAIN if there is no room, ETOOMANYREFS if the user has too many descriptors in flight, EPERM if the
     *     receiver refuses descriptors
     */
    public long send(int socket, long length, int descriptors, int flags) {
        Objects.checkFromIndexSize(0, length, bytes.byteSize());
        Objects.checkFromIndexSize(0, descriptors, capacity);
        cmsghdr.cmsg_level(control, SOL_SOCKET);
        cmsghdr.cmsg_type(control, SCM_RIGHTS);
        cmsghdr.cmsg_len(control, DESCRIPTORS + INT.byteSize() * descriptors);
        describe(length, descriptors);
        return Syscalls.sendmsg(socket, message, flags);
    }

    /**
     * Receives bytes and the descriptors that came with them, close-on-exec: recvmsg(2). EINTR is retried. On a stream
     * the kernel stops before the next message with descriptors, so the descriptors of two messages never mix.
     *
     * @param socket a Unix socket; the caller still owns it
     * @param flags {@code MSG_*}
     * @return the number of bytes received, which are the first of {@link #bytes}; 0 at the end; or {@code -errno}
     */
    public long receive(int socket, int flags) {
        truncated = false;
        describe(bytes.byteSize(), capacity);
        long n = Syscalls.recvmsg(socket, message, flags | MSG_CMSG_CLOEXEC);
        if (n >= 0) {
            truncated = (msghdr.msg_flags(message) & MSG_CTRUNC) != 0;
            own(msghdr.msg_controllen(message));
        }
        return n;
    }

    /**
     * Returns how many descriptors have arrived and were not taken yet.
     *
     * @return their number, over all messages received
     */
    public int waiting() {
        return received.size();
    }

    /**
     * Returns whether the last message had more descriptors than there was room for. The kernel has closed the rest.
     *
     * @return true if descriptors were lost
     */
    public boolean truncated() {
        return truncated;
    }

    /**
     * Takes the descriptor that arrived first.
     *
     * @return the descriptor, which the caller now owns
     * @throws java.util.NoSuchElementException if there is none
     */
    public Fd take() {
        return received.remove();
    }

    /** Closes the descriptors that nobody took. The arena frees the memory. */
    @Override
    public void close() {
        received.forEach(Fd::close);
        received.clear();
    }

    /** Writes the sizes of the next message to the msghdr. */
    private void describe(long length, int descriptors) {
        iovec.iov_len(iov, length);
        msghdr.msg_control(message, descriptors == 0 ? MemorySegment.NULL : control);
        // CMSG_LEN, not CMSG_SPACE: the padding of CMSG_SPACE would have room for one more descriptor.
        msghdr.msg_controllen(message, descriptors == 0 ? 0 : DESCRIPTORS + INT.byteSize() * descriptors);
    }

    /** Takes ownership of the descriptors in {@code length} bytes of control messages: cmsg(3). */
    private void own(long length) {
        for (long at = 0; at + DESCRIPTORS <= length; ) {
            long end = at + control.get(cmsghdr.cmsg_len$layout(), at + cmsghdr.cmsg_len$offset());
            int level = control.get(cmsghdr.cmsg_level$layout(), at + cmsghdr.cmsg_level$offset());
            int type = control.get(cmsghdr.cmsg_type$layout(), at + cmsghdr.cmsg_type$offset());
            if (level == SOL_SOCKET && type == SCM_RIGHTS) {
                for (long i = at + DESCRIPTORS; i + INT.byteSize() <= end; i += INT.byteSize()) {
                    received.add(new Fd(control.get(INT, i)));
                }
            }
            at = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
    }
}
