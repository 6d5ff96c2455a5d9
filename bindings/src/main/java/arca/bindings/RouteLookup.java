package arca.bindings;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.AF_INET6;
import static arca.bindings.Constants.AF_NETLINK;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.NETLINK_ROUTE;
import static arca.bindings.Constants.RTN_ANYCAST;
import static arca.bindings.Constants.RTN_BLACKHOLE;
import static arca.bindings.Constants.RTN_BROADCAST;
import static arca.bindings.Constants.RTN_LOCAL;
import static arca.bindings.Constants.RTN_MULTICAST;
import static arca.bindings.Constants.RTN_PROHIBIT;
import static arca.bindings.Constants.RTN_UNICAST;
import static arca.bindings.Constants.RTN_UNREACHABLE;
import static arca.bindings.Constants.SOCK_CLOEXEC;
import static arca.bindings.Constants.SOCK_DGRAM;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import arca.bindings.generated.Linux;
import arca.bindings.generated.nlmsgerr;
import arca.bindings.generated.nlmsghdr;
import arca.bindings.generated.rtattr;
import arca.bindings.generated.rtmsg;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Asks the kernel's routing tables where a TCP connection would go: rtnetlink(7), RTM_GETROUTE. connect(2) uses the
 * same answer: it follows the rules of ip-rule(8), the local table, the addresses of interfaces that are down, and
 * changes made a moment ago. Each question opens a socket and closes it. It needs no privilege.
 *
 * <p>The threads of the arena may ask, one at a time.
 */
public final class RouteLookup {
    private static final long HEADER = nlmsghdr.sizeof();
    private static final long ATTRIBUTE = rtattr.sizeof();
    private static final int ALIGNMENT = 4; // netlink(3), NLMSG_ALIGN; rtnetlink(3), RTA_ALIGN
    private static final int MAX_REQUEST = 128; // bytes; the longest, for an IPv6 address with a scope, has 72
    static final int MAX_ANSWER = 4096; // bytes; Linux 6.18 sends 104 to 156, or up to 90 for an error
    static final int SEQUENCE = 1; // the number of the only message that the socket sends
    private static final int MAX_ERRNO = 4095;
    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1}; // RFC 4291, section 2.5.5.2
    private static final int IPV6_SIZE = 16;

    private final MemorySegment request;
    private final MemorySegment answer;

    /**
     * Allocates the memory for a question and its answer.
     *
     * @param arena allocates the memory; the object is usable while the arena is open
     */
    public RouteLookup(Arena arena) {
        request = arena.allocate(MAX_REQUEST, Long.BYTES);
        answer = arena.allocate(MAX_ANSWER, Long.BYTES);
    }

    /**
     * Returns whether a TCP connection to an address would end at this host. It would for a route of type RTN_LOCAL,
     * and it could for RTN_ANYCAST, because this host may be the nearest. It would not for a broadcast or multicast
     * address: connect(2) fails there.
     *
     * <p>The question names no source address, so the kernel skips rules of ip-rule(8) with {@code from}.
     *
     * @param to an IPv4 or IPv6 address, and a port, which rules can match
     * @return 1 if it would; 0 if it would not, or if there is no route; {@code -errno} if the kernel does not say. A
     *     blackhole route gives EINVAL, as it does for connect(2)
     */
    public int isLocal(SocketAddress to) {
        int socket = Syscalls.socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (socket < 0) return socket;
        try {
            // An unconnected netlink socket sends to the kernel, which queues its answer before send(2) returns.
            long n = Syscalls.send(socket, request, 0, request(request, to), MSG_DONTWAIT);
            if (n >= 0) n = Syscalls.recv(socket, answer, 0, MAX_ANSWER, MSG_DONTWAIT);
            return n < 0 ? (int) n : isLocal(type(answer, n));
        } finally {
            Syscalls.close(socket);
        }
    }

    /** Does the same with a result of {@link #type}. An errno that means "no route" is an answer. */
    static int isLocal(int type) {
        return switch (type) {
            case RTN_LOCAL, RTN_ANYCAST -> 1;
            case RTN_UNICAST, RTN_BROADCAST, RTN_MULTICAST -> 0;
            case RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT -> 0;
            case -Errno.ENETUNREACH, -Errno.EHOSTUNREACH, -Errno.EACCES -> 0;
            default -> type < 0 ? type : -Errno.EPROTO;
        };
    }

    /** Writes the question for a TCP connection to {@link #MAX_REQUEST} bytes of memory, and returns its size. */
    static long request(MemorySegment memory, SocketAddress to) {
        memory.fill((byte) 0);
        byte[] address = octets(to);
        rtmsg.rtm_family(memory.asSlice(HEADER), (byte) (address.length == IPV6_SIZE ? AF_INET6 : AF_INET));
        rtmsg.rtm_dst_len(memory.asSlice(HEADER), (byte) (address.length * Byte.SIZE));
        long size = HEADER + rtmsg.sizeof();
        size = attribute(memory, size, Linux.RTA_DST(), address);
        size = attribute(memory, size, Linux.RTA_IP_PROTO(), (byte) IPPROTO_TCP);
        int port = port(to);
        size = attribute(memory, size, Linux.RTA_DPORT(), (byte) (port >> Byte.SIZE), (byte) port);
        if (to instanceof SocketAddress.IPv6 ipv6 && ipv6.address().getScopeId() != 0) {
            MemorySegment value = memory.asSlice(size + ATTRIBUTE, Integer.BYTES);
            size = attribute(memory, size, Linux.RTA_OIF(), new byte[Integer.BYTES]);
            value.set(JAVA_INT, 0, ipv6.address().getScopeId());
        }
        nlmsghdr.nlmsg_len(memory, (int) size);
        nlmsghdr.nlmsg_type(memory, (short) Linux.RTM_GETROUTE());
        nlmsghdr.nlmsg_flags(memory, (short) Linux.NLM_F_REQUEST());
        nlmsghdr.nlmsg_seq(memory, SEQUENCE);
        return size;
    }

    /** Returns the address: 4 bytes for IPv4 and for IPv4 mapped to IPv6, because TCP uses IPv4 for both. */
    private static byte[] octets(SocketAddress to) {
        return switch (to) {
            case SocketAddress.IPv4 ipv4 -> ipv4.address().getAddress();
            case SocketAddress.IPv6 ipv6 -> {
                byte[] octets = ipv6.address().getAddress();
                boolean mapped = Arrays.equals(octets, 0, MAPPED.length, MAPPED, 0, MAPPED.length);
                yield mapped ? Arrays.copyOfRange(octets, MAPPED.length, IPV6_SIZE) : octets;
            }
            case SocketAddress.Unix _ -> throw new IllegalArgumentException("a Unix socket has no route: " + to);
        };
    }

    private static int port(SocketAddress to) {
        return switch (to) {
            case SocketAddress.IPv4 ipv4 -> ipv4.port();
            case SocketAddress.IPv6 ipv6 -> ipv6.port();
            case SocketAddress.Unix _ -> throw new IllegalArgumentException("a Unix socket has no port: " + to);
        };
    }

    private static long attribute(MemorySegment memory, long at, int type, byte... value) {
        MemorySegment attribute = memory.asSlice(at);
        rtattr.rta_len(attribute, (short) (ATTRIBUTE + value.length));
        rtattr.rta_type(attribute, (short) type);
        MemorySegment.copy(value, 0, attribute, JAVA_BYTE, ATTRIBUTE, value.length);
        return at + Math.ceilDiv(ATTRIBUTE + value.length, ALIGNMENT) * ALIGNMENT;
    }

    /**
     * Returns what the answer says: {@code RTN_*}, or the kernel's {@code -errno}, or {@code -EPROTO} if these bytes do
     * not answer our question. Reads no byte past the length.
     */
    static int type(MemorySegment answer, long length) {
        if (length < HEADER) return -Errno.EPROTO;
        long size = Integer.toUnsignedLong(nlmsghdr.nlmsg_len(answer));
        if (size > length || nlmsghdr.nlmsg_seq(answer) != SEQUENCE) return -Errno.EPROTO;
        int type = Short.toUnsignedInt(nlmsghdr.nlmsg_type(answer));
        if (type == Linux.NLMSG_ERROR() && size >= HEADER + nlmsgerr.msg$offset()) {
            int error = nlmsgerr.error(answer.asSlice(HEADER));
            return error < 0 && error >= -MAX_ERRNO ? error : -Errno.EPROTO;
        }
        if (type == Linux.RTM_NEWROUTE() && size >= HEADER + rtmsg.sizeof()) {
            return Byte.toUnsignedInt(rtmsg.rtm_type(answer.asSlice(HEADER)));
        }
        return -Errno.EPROTO;
    }
}
