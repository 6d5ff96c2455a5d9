package arca.bindings;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.AF_INET6;
import static arca.bindings.Constants.AF_UNIX;

import arca.bindings.generated.Linux;
import arca.bindings.generated.sockaddr;
import arca.bindings.generated.sockaddr_in;
import arca.bindings.generated.sockaddr_in6;
import arca.bindings.generated.sockaddr_un;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The address of a socket: IPv4, IPv6 or Unix. Immutable. */
public sealed interface SocketAddress {
    /** The size of the longest sockaddr in bytes: getsockname(2) needs that much room. */
    long MAX_SIZE = Math.max(sockaddr_un.sizeof(), sockaddr_in6.sizeof());

    /**
     * Returns the address family.
     *
     * @return {@code AF_INET}, {@code AF_INET6} or {@code AF_UNIX}
     */
    int family();

    /**
     * Writes the address to a new sockaddr, for {@link Syscalls#bind} and {@link Syscalls#connect}.
     *
     * @param allocator allocates the memory
     * @return the sockaddr; the segment's size is the address's length
     */
    MemorySegment toSockaddr(SegmentAllocator allocator);

    /**
     * Reads an address from a sockaddr that the kernel has written.
     *
     * @param sockaddr native memory; its size must be the length that the kernel returned
     * @return the address
     * @throws IllegalArgumentException if the family is unknown, or the sockaddr is too short for its family
     */
    static SocketAddress of(MemorySegment sockaddr) {
        long size = sockaddr.byteSize();
        int family = size < sockaddr_un.sun_path$offset() ? -1 : arca.bindings.generated.sockaddr.sa_family(sockaddr);
        if (family == AF_INET && size >= sockaddr_in.sizeof()) return IPv4.of(sockaddr);
        if (family == AF_INET6 && size >= sockaddr_in6.sizeof()) return IPv6.of(sockaddr);
        if (family == AF_UNIX) return Unix.of(sockaddr);
        throw new IllegalArgumentException("not a socket address: " + size + " bytes of family " + family);
    }

    /** An IP address and a port, of either version. Two are equal if address and port are; a scope does not count. */
    sealed interface Inet extends SocketAddress {
        /**
         * The address.
         *
         * @return an {@link Inet4Address} or an {@link Inet6Address}
         */
        InetAddress address();

        /**
         * The port.
         *
         * @return 0 to 65535
         */
        int port();
    }

    /**
     * An IPv4 address and port: ip(7).
     *
     * @param address the address
     * @param port 0 to 65535; bind(2) takes any free port for 0
     */
    record IPv4(Inet4Address address, int port) implements Inet {
        /** Checks the port. */
        public IPv4 {
            checkPort(port);
        }

        /**
         * Creates an address from four octets.
         *
         * @param address four octets in one int, the first in the highest byte: 0x7f000001 is 127.0.0.1
         * @param port 0 to 65535
         */
        public IPv4(int address, int port) {
            this(
                    (Inet4Address) inet(new byte[] {
                        (byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address
                    }),
                    port);
        }

        private static IPv4 of(MemorySegment memory) {
            byte[] octets = sockaddr_in.sin_addr(memory).toArray(ValueLayout.JAVA_BYTE);
            return new IPv4((Inet4Address) inet(octets), swapped(sockaddr_in.sin_port(memory)));
        }

        @Override
        public int family() {
            return AF_INET;
        }

        @Override
        public MemorySegment toSockaddr(SegmentAllocator allocator) {
            MemorySegment memory = sockaddr_in.allocate(allocator).fill((byte) 0);
            sockaddr_in.sin_family(memory, (short) AF_INET);
            sockaddr_in.sin_port(memory, (short) swapped(port));
            sockaddr_in.sin_addr(memory).copyFrom(MemorySegment.ofArray(address.getAddress()));
            return memory;
        }

        @Override
        public String toString() {
            return address.getHostAddress() + ":" + port;
        }
    }

    /**
     * An IPv6 address and port: ipv6(7).
     *
     * @param address the address, with its scope if it has one
     * @param port 0 to 65535; bind(2) takes any free port for 0
     */
    record IPv6(Inet6Address address, int port) implements Inet {
        /** Checks the port. */
        public IPv6 {
            checkPort(port);
        }

        private static IPv6 of(MemorySegment memory) {
            byte[] octets = sockaddr_in6.sin6_addr(memory).toArray(ValueLayout.JAVA_BYTE);
            int scope = sockaddr_in6.sin6_scope_id(memory);
            int port = swapped(sockaddr_in6.sin6_port(memory));
            try {
                // Not InetAddress.getByAddress: it turns a mapped address into an IPv4 address.
                return new IPv6(Inet6Address.getByAddress(null, octets, scope == 0 ? -1 : scope), port);
            } catch (UnknownHostException e) {
                throw new AssertionError("16 octets are an IPv6 address", e);
            }
        }

        @Override
        public int family() {
            return AF_INET6;
        }

        @Override
        public MemorySegment toSockaddr(SegmentAllocator allocator) {
            MemorySegment memory = sockaddr_in6.allocate(allocator).fill((byte) 0);
            sockaddr_in6.sin6_family(memory, (short) AF_INET6);
            sockaddr_in6.sin6_port(memory, (short) swapped(port));
            sockaddr_in6.sin6_addr(memory).copyFrom(MemorySegment.ofArray(address.getAddress()));
            sockaddr_in6.sin6_scope_id(memory, address.getScopeId());
            return memory;
        }

        @Override
        public String toString() {
            return "[" + address.getHostAddress() + "]:" + port;
        }
    }

    /**
     * A local address: unix(7). It is a path; or an abstract name, which has no file and is known in the network
     * namespace only; or unnamed, as that of a socket that was never bound.
     *
     * @param name the path or the name, at most 107 bytes in UTF-8; empty if unnamed
     * @param isAbstract whether it is an abstract name
     */
    record Unix(String name, boolean isAbstract) implements SocketAddress {
        private static final Unix UNNAMED = new Unix("", false);

        /** Checks the length, and that a path has no 0 byte. */
        public Unix {
            int length = name.getBytes(StandardCharsets.UTF_8).length;
            if (length >= Linux.ARCA_SUN_PATH_SIZE()) {
                throw new IllegalArgumentException("a Unix socket's name has at most "
                        + (Linux.ARCA_SUN_PATH_SIZE() - 1) + " bytes, this has " + length + ": " + name);
            }
            if (!isAbstract && name.indexOf(0) >= 0)
                throw new IllegalArgumentException("a path must not have a 0 byte in it: " + name);
        }

        /**
         * Creates the address of a socket file.
         *
         * @param path the file's path
         * @return the address
         * @throws IllegalArgumentException if it is empty, longer than 107 bytes, or has a 0 byte in it
         */
        public static Unix path(String path) {
            if (path.isEmpty()) throw new IllegalArgumentException("the path of a Unix socket must not be empty");
            return new Unix(path, false);
        }

        /**
         * Creates an abstract address.
         *
         * @param name the name, without the leading 0 byte
         * @return the address
         * @throws IllegalArgumentException if it is longer than 107 bytes
         */
        public static Unix abstractName(String name) {
            return new Unix(name, true);
        }

        private static Unix of(MemorySegment memory) {
            byte[] path = memory.asSlice(sockaddr_un.sun_path$offset()).toArray(ValueLayout.JAVA_BYTE);
            if (path.length == 0) return UNNAMED;
            if (path[0] == 0) return abstractName(new String(path, 1, path.length - 1, StandardCharsets.UTF_8));
            int end = path[path.length - 1] == 0 ? path.length - 1 : path.length;
            return path(new String(path, 0, end, StandardCharsets.UTF_8));
        }

        @Override
        public int family() {
            return AF_UNIX;
        }

        @Override
        public MemorySegment toSockaddr(SegmentAllocator allocator) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            boolean unnamed = bytes.length == 0 && !isAbstract;
            // One more byte: a path ends with a 0 byte, and an abstract name begins with one.
            long size = sockaddr_un.sun_path$offset() + (unnamed ? 0 : bytes.length + 1);
            MemorySegment memory = allocator
                    .allocate(size, ValueLayout.JAVA_SHORT.byteAlignment())
                    .fill((byte) 0);
            memory.set(sockaddr_un.sun_family$layout(), sockaddr_un.sun_family$offset(), (short) AF_UNIX);
            long start = sockaddr_un.sun_path$offset() + (isAbstract ? 1 : 0);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, start, bytes.length);
            return memory;
        }

        @Override
        public String toString() {
            return "unix:" + (isAbstract ? "@" : "") + name;
        }
    }

    private static void checkPort(int port) {
        if (port < 0 || port > 0xffff) throw new IllegalArgumentException("a port must be 0 to 65535, not " + port);
    }

    private static InetAddress inet(byte[] octets) {
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 octets are an IPv4 address", e);
        }
    }

    /** Converts a port between this machine's byte order and the network's. The result is unsigned. */
    private static int swapped(int port) {
        short value = (short) port;
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return Short.toUnsignedInt(little ? Short.reverseBytes(value) : value);
    }
}
