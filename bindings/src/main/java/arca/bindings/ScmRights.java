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
 * Messages that carry descriptors over a Unix socket: sendmsg(2) and recvmsg(2) with SCM_RIGHTS, unix(7). It has
 * memory for one message, bytes and descriptors, whose addresses the kernel is given; so it is safe as long as its
 * arena, and a message allocates nothing but an owner for each descriptor that arrives.
 *
 * <p>Descriptors that arrive belong to this object until they are taken, in the order they came; what is left is closed
 * with it. The threads that may use it are those of its arena, one at a time.
 */
public final class ScmRights implements AutoCloseable {
    /** The most descriptors the kernel takes in one message: SCM_MAX_FD. */
    public static final int MAX_DESCRIPTORS = 253;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final long DESCRIPTORS = Linux.ARCA_CMSG_DATA(); // where they begin in a control message
    private static final long ALIGNMENT = Linux.ARCA_CMSG_ALIGNMENT();

    private final int capacity;
    private final MemorySegment bytes;
    private final MemorySegment iov;
    private final MemorySegment control;
    private final MemorySegment message;
    private final Deque<Fd> received = new ArrayDeque<>();
    private boolean truncated;

    /**
     * Memory for one message.
     *
     * @param arena where the memory is
     * @param size the most bytes of a message, at least 1: descriptors never travel alone
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
     * The bytes of a message: written before {@link #send}, read after {@link #receive}.
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
     * @param fd the descriptor; stays the caller's, for what travels is a duplicate
     */
    public void put(int index, int fd) {
        control.set(INT, DESCRIPTORS + INT.byteSize() * Objects.checkIndex(index, capacity), fd);
    }

    /**
     * Sends the first bytes and descriptors as one message.
     *
     * @param socket a connected Unix socket; a loan for this call
     * @param length how many of {@link #bytes}; at least 1 on a stream, where a message without bytes is none
     * @param descriptors how many of those {@link #put}
     * @param flags {@code MSG_*}
     * @return bytes taken, the descriptors with the first of them; or {@code -errno}: EAGAIN where there is no room,
     *     ETOOMANYREFS where the user has too many descriptors on their way, EPERM where the receiver takes none
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
     * Receives bytes, and the descriptors that came with them, close-on-exec. A stream ends a call where the next
     * descriptors begin, so those of two messages never mix.
     *
     * @param socket a Unix socket; a loan for this call
     * @param flags {@code MSG_*}
     * @return bytes now at the beginning of {@link #bytes}, 0 at the end, or {@code -errno}
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
     * How many descriptors have arrived and wait to be taken.
     *
     * @return their number, over all messages received
     */
    public int waiting() {
        return received.size();
    }

    /**
     * Whether the last message had more descriptors than there was room for; the kernel has closed the rest.
     *
     * @return true if some are lost
     */
    public boolean truncated() {
        return truncated;
    }

    /**
     * Takes the descriptor that has waited longest.
     *
     * @return its owner, now the caller's
     * @throws java.util.NoSuchElementException if none waits
     */
    public Fd take() {
        return received.remove();
    }

    /** Closes the descriptors that nobody took. The memory is its arena's. */
    @Override
    public void close() {
        received.forEach(Fd::close);
        received.clear();
    }

    private void describe(long length, int descriptors) {
        iovec.iov_len(iov, length);
        msghdr.msg_control(message, descriptors == 0 ? MemorySegment.NULL : control);
        // CMSG_LEN, not CMSG_SPACE, whose padding would have room for a descriptor more.
        msghdr.msg_controllen(message, descriptors == 0 ? 0 : DESCRIPTORS + INT.byteSize() * descriptors);
    }

    /** Takes ownership of what arrived in {@code length} bytes of control messages: cmsg(3). */
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
