package arca.bindings;

import arca.bindings.generated.Linux;
import arca.bindings.generated.aarch64.LinuxAarch64;

/**
 * The kernel's constants under the kernel's names. They are compile-time constants, so that {@code switch} labels can
 * use them. A test compares each with the generated bindings. The error numbers are in {@link Errno}.
 */
public final class Constants {
    // Address families: socket(2), address_families(7).

    /** IPv4: ip(7). */
    public static final int AF_INET = 2;

    /** IPv6: ipv6(7). */
    public static final int AF_INET6 = 10;

    /** Local sockets: unix(7). */
    public static final int AF_UNIX = 1;

    /** Messages to and from the kernel: netlink(7). */
    public static final int AF_NETLINK = 16;

    /** The protocol of AF_NETLINK for routes and addresses: rtnetlink(7). */
    public static final int NETLINK_ROUTE = 0;

    // Types of routes: rtnetlink(7).

    /** A route to another host, through a gateway or directly. */
    public static final int RTN_UNICAST = 1;

    /** A route to this host. */
    public static final int RTN_LOCAL = 2;

    /** A route to all hosts of a network. */
    public static final int RTN_BROADCAST = 3;

    /** A route to the nearest of several hosts; this host may be one of them. */
    public static final int RTN_ANYCAST = 4;

    /** A route to a group of hosts. */
    public static final int RTN_MULTICAST = 5;

    /** The kernel drops packets silently. */
    public static final int RTN_BLACKHOLE = 6;

    /** The kernel refuses packets with EHOSTUNREACH. */
    public static final int RTN_UNREACHABLE = 7;

    /** The kernel refuses packets with EACCES. */
    public static final int RTN_PROHIBIT = 8;

    // Socket types and flags: socket(2), accept4(2).

    /** A byte stream. */
    public static final int SOCK_STREAM = 1;

    /** Datagrams. */
    public static final int SOCK_DGRAM = 2;

    /** A stream that keeps record boundaries. */
    public static final int SOCK_SEQPACKET = 5;

    /** Sets O_NONBLOCK on the new descriptor. */
    public static final int SOCK_NONBLOCK = 0x800;

    /** Sets FD_CLOEXEC on the new descriptor. */
    public static final int SOCK_CLOEXEC = 0x80000;

    /** The kernel's default limit for the backlog of listen(2). */
    public static final int SOMAXCONN = 4096;

    // Ends of a connection: shutdown(2).

    /** Ends reading. */
    public static final int SHUT_RD = 0;

    /** Ends writing: the peer reads the end of the stream. */
    public static final int SHUT_WR = 1;

    /** Ends both. */
    public static final int SHUT_RDWR = 2;

    // Levels of options: getsockopt(2).

    /** Options of socket(7). */
    public static final int SOL_SOCKET = 1;

    /** Options of tcp(7). */
    public static final int IPPROTO_TCP = 6;

    /** Options of ipv6(7). */
    public static final int IPPROTO_IPV6 = 41;

    // Options at SOL_SOCKET: socket(7).

    /** Whether the socket listens; read only. */
    public static final int SO_ACCEPTCONN = 30;

    /** The pending error; reading clears it; read only. */
    public static final int SO_ERROR = 4;

    /** Whether an idle connection is probed. */
    public static final int SO_KEEPALIVE = 9;

    /** What close(2) does with unsent data: a struct linger. */
    public static final int SO_LINGER = 13;

    /** Whether urgent data stays in the stream, in its place. */
    public static final int SO_OOBINLINE = 10;

    /** Whether SCM_RIGHTS may be received (1 by default); Linux 6.16 and later. */
    public static final int SO_PASSRIGHTS = 83;

    /** The connected peer's process, user and group: unix(7). */
    public static final int SO_PEERCRED = 17;

    /** A pidfd of the connected peer; Linux 6.5 and later. */
    public static final int SO_PEERPIDFD = 77;

    /** The receive buffer in bytes; the kernel doubles the value that is set. */
    public static final int SO_RCVBUF = 8;

    /** Whether an address in TIME_WAIT may be bound. */
    public static final int SO_REUSEADDR = 2;

    /** The send buffer in bytes; the kernel doubles the value that is set. */
    public static final int SO_SNDBUF = 7;

    /** The socket type; read only. */
    public static final int SO_TYPE = 3;

    // Options at IPPROTO_TCP: tcp(7).

    /** Whether TCP sends small segments at once. */
    public static final int TCP_NODELAY = 1;

    /** Seconds of silence before the first keep-alive probe. */
    public static final int TCP_KEEPIDLE = 4;

    /** Seconds between keep-alive probes. */
    public static final int TCP_KEEPINTVL = 5;

    /** The number of unanswered probes that ends the connection. */
    public static final int TCP_KEEPCNT = 6;

    /** How many bytes that were not sent yet a socket takes; more in its buffer than this makes it not writable. */
    public static final int TCP_NOTSENT_LOWAT = 25;

    /** Milliseconds that sent data may stay unacknowledged; 0 means the system's default. */
    public static final int TCP_USER_TIMEOUT = 18;

    // Options at IPPROTO_IPV6: ipv6(7).

    /** Whether an IPv6 socket refuses IPv4. */
    public static final int IPV6_V6ONLY = 26;

    // Flags of send(2) and recv(2).

    /** Sets FD_CLOEXEC on the descriptors received. */
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    /** Control data was truncated; only in results. */
    public static final int MSG_CTRUNC = 8;

    /** The call does not wait. */
    public static final int MSG_DONTWAIT = 0x40;

    /** The kernel sends no SIGPIPE if the peer has closed the connection. */
    public static final int MSG_NOSIGNAL = 0x4000;

    /** Urgent data: tcp(7). */
    public static final int MSG_OOB = 1;

    /** Leaves the data in the queue: peeks. */
    public static final int MSG_PEEK = 2;

    /** In results: a datagram was truncated. As a flag, with TCP: the kernel discards the bytes. */
    public static final int MSG_TRUNC = 0x20;

    /** Waits until the whole buffer is full. */
    public static final int MSG_WAITALL = 0x100;

    // Control messages: unix(7).

    /** A message that carries descriptors. */
    public static final int SCM_RIGHTS = 1;

    // Flags of open(2) and pipe2(2).

    /** Opens for reading. */
    public static final int O_RDONLY = 0;

    /** Opens for writing. */
    public static final int O_WRONLY = 1;

    /** Opens for reading and writing. */
    public static final int O_RDWR = 2;

    /** The mask of the three above. */
    public static final int O_ACCMODE = 3;

    /** Each write appends to the end. */
    public static final int O_APPEND = 0x400;

    /** execve(2) closes the descriptor. */
    public static final int O_CLOEXEC = 0x80000;

    /** Creates the file if it does not exist. */
    public static final int O_CREAT = 0x40;

    /** With O_CREAT: fails with EEXIST if the file exists. */
    public static final int O_EXCL = 0x80;

    /** Calls fail with EAGAIN instead of waiting. */
    public static final int O_NONBLOCK = 0x800;

    /** Truncates the file to 0 bytes. */
    public static final int O_TRUNC = 0x200;

    /** Puts a pipe into packet mode; makes a file bypass the page cache. The value depends on the architecture. */
    public static final int O_DIRECT = Linkage.AARCH64 ? LinuxAarch64.O_DIRECT() : Linux.O_DIRECT();

    /** Fails with ELOOP if the last part of the path is a symbolic link. The value depends on the architecture. */
    public static final int O_NOFOLLOW = Linkage.AARCH64 ? LinuxAarch64.O_NOFOLLOW() : Linux.O_NOFOLLOW();

    // Flags of statx(2) and the like.

    /** A relative path begins in the working directory. */
    public static final int AT_FDCWD = -100;

    /** With an empty path: the file that the descriptor refers to. */
    public static final int AT_EMPTY_PATH = 0x1000;

    /** A symbolic link itself, not the file that it leads to. */
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;

    /** The fields that statx(2) must return: all those of stat(2). */
    public static final int STATX_BASIC_STATS = 0x7ff;

    // The mode of a file: inode(7), "The file type and mode".

    /** The mask of the file's type. */
    public static final int S_IFMT = 0170000;

    /** A socket. */
    public static final int S_IFSOCK = 0140000;

    /** A regular file. */
    public static final int S_IFREG = 0100000;

    /** A directory. */
    public static final int S_IFDIR = 0040000;

    /**
     * The sticky bit of a directory: only a file's owner, the directory's owner and root may remove or rename the file.
     */
    public static final int S_ISVTX = 0001000;

    // Commands of fcntl(2).

    /** Gets the descriptor flags. */
    public static final int F_GETFD = 1;

    /** Sets the descriptor flags. */
    public static final int F_SETFD = 2;

    /** Gets the file status flags. */
    public static final int F_GETFL = 3;

    /** Sets the file status flags. */
    public static final int F_SETFL = 4;

    /** Gets the capacity of a pipe in bytes. */
    public static final int F_GETPIPE_SZ = 1032;

    /** Sets the capacity of a pipe in bytes; the kernel rounds up. */
    public static final int F_SETPIPE_SZ = 1031;

    /** The descriptor flag: execve(2) closes the descriptor. */
    public static final int FD_CLOEXEC = 1;

    // Requests of ioctl(2).

    /** The number of bytes that can be read: tcp(7), pipe(7). */
    public static final int FIONREAD = 0x541b;

    /** The number of bytes that the peer has not acknowledged, sent or not: tcp(7). */
    public static final int SIOCOUTQ = 0x5411;

    // Operations of flock(2).

    /** A shared lock. */
    public static final int LOCK_SH = 1;

    /** An exclusive lock. */
    public static final int LOCK_EX = 2;

    /** Fails with EWOULDBLOCK instead of waiting. */
    public static final int LOCK_NB = 4;

    /** Releases the lock. */
    public static final int LOCK_UN = 8;

    // Flags of splice(2), tee(2) and vmsplice(2).

    /** Has no effect since Linux 2.6.21. */
    public static final int SPLICE_F_MOVE = 1;

    /** Does not wait for the pipe. A socket is waited for unless it has O_NONBLOCK itself. */
    public static final int SPLICE_F_NONBLOCK = 2;

    /** More data follows: TCP may delay the last bytes by 200 ms. */
    public static final int SPLICE_F_MORE = 4;

    /** vmsplice(2) only: gives the pages to the kernel. */
    public static final int SPLICE_F_GIFT = 8;

    // Events of poll(2).

    /** There is data to read. */
    public static final int POLLIN = 1;

    /** There is urgent data to read. */
    public static final int POLLPRI = 2;

    /** There is room to write. */
    public static final int POLLOUT = 4;

    /** The peer of a stream socket has ended its writing. */
    public static final int POLLRDHUP = 0x2000;

    /** There is an error, or a pipe has no reader; always reported. */
    public static final int POLLERR = 8;

    /** The connection has ended, or a pipe has no writer; always reported. Data may still be queued. */
    public static final int POLLHUP = 0x10;

    /** The descriptor is not open; always reported. */
    public static final int POLLNVAL = 0x20;

    // Events and operations of epoll_ctl(2).

    /** There is data to read. */
    public static final int EPOLLIN = 1;

    /** There is urgent data to read. */
    public static final int EPOLLPRI = 2;

    /** There is room to write. */
    public static final int EPOLLOUT = 4;

    /** The peer of a stream socket has ended its writing. */
    public static final int EPOLLRDHUP = 0x2000;

    /** There is an error, or a pipe has no reader; always reported. */
    public static final int EPOLLERR = 8;

    /** The connection has ended, or a pipe has no writer; always reported. Data may still be queued. */
    public static final int EPOLLHUP = 0x10;

    /** Edge-triggered: epoll reports changes only. */
    public static final int EPOLLET = 0x80000000;

    /** Disables the descriptor after one report, until EPOLL_CTL_MOD. */
    public static final int EPOLLONESHOT = 0x40000000;

    /** Wakes at least one of the epoll instances that watch the descriptor, not all. */
    public static final int EPOLLEXCLUSIVE = 0x10000000;

    /** Starts to watch a descriptor. */
    public static final int EPOLL_CTL_ADD = 1;

    /** Changes the events; events that are true now are reported again. */
    public static final int EPOLL_CTL_MOD = 3;

    /** Stops watching a descriptor. */
    public static final int EPOLL_CTL_DEL = 2;

    /** A flag of epoll_create1(2): execve(2) closes the descriptor. */
    public static final int EPOLL_CLOEXEC = 0x80000;

    // Flags of eventfd(2).

    /** execve(2) closes the descriptor. */
    public static final int EFD_CLOEXEC = 0x80000;

    /** Calls fail with EAGAIN instead of waiting. */
    public static final int EFD_NONBLOCK = 0x800;

    /** A read takes 1 from the counter instead of its whole value. */
    public static final int EFD_SEMAPHORE = 1;

    // Signals: signal(7).

    /** Ends the process; a process cannot catch it. */
    public static final int SIGKILL = 9;

    /** Asks the process to end. */
    public static final int SIGTERM = 15;

    // Resources: getrlimit(2).

    /** One more than the highest descriptor a process may have. */
    public static final int RLIMIT_NOFILE = 7;

    // Options of prctl(2).

    /** Whether other processes of the same user can reach the process's memory and descriptors. */
    public static final int PR_SET_DUMPABLE = 4;

    private Constants() {}
}
