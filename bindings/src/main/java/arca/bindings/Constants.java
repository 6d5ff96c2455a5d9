package arca.bindings;

import arca.bindings.generated.Linux;
import arca.bindings.generated.aarch64.LinuxAarch64;

/**
 * The kernel's constants under the kernel's names, as compile-time constants, so that they serve in
 * {@code switch} labels and static imports. A test holds each against the generated bindings. Error numbers
 * are in {@link Errno}.
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

    /** The protocol of AF_NETLINK that knows routes and addresses: rtnetlink(7). */
    public static final int NETLINK_ROUTE = 0;

    // Types of routes: rtnetlink(7).

    /** To another host, by a gateway or directly. */
    public static final int RTN_UNICAST = 1;

    /** To this host itself. */
    public static final int RTN_LOCAL = 2;

    /** To all hosts of a network. */
    public static final int RTN_BROADCAST = 3;

    /** To whichever of several hosts is near; this host may be one. */
    public static final int RTN_ANYCAST = 4;

    /** To a group of hosts. */
    public static final int RTN_MULTICAST = 5;

    /** Nowhere, without a word. */
    public static final int RTN_BLACKHOLE = 6;

    /** Nowhere: EHOSTUNREACH. */
    public static final int RTN_UNREACHABLE = 7;

    /** Nowhere: EACCES. */
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

    /** The backlog of listen(2) above which the kernel cuts it, by default. */
    public static final int SOMAXCONN = 4096;

    // Ends of a connection: shutdown(2).

    /** No more reading. */
    public static final int SHUT_RD = 0;

    /** No more writing: the peer reads the end of the stream. */
    public static final int SHUT_WR = 1;

    /** Neither. */
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

    /** The pending error, which reading it clears; read only. */
    public static final int SO_ERROR = 4;

    /** Whether an idle connection is probed. */
    public static final int SO_KEEPALIVE = 9;

    /** What close(2) does with unsent data: a struct linger. */
    public static final int SO_LINGER = 13;

    /** Whether urgent data stays in the stream. */
    public static final int SO_OOBINLINE = 10;

    /** Whether SCM_RIGHTS may be received (1 by default); Linux 6.16 and later. */
    public static final int SO_PASSRIGHTS = 83;

    /** The connected peer's process, user and group: unix(7). */
    public static final int SO_PEERCRED = 17;

    /** A pidfd of the connected peer; Linux 6.5 and later. */
    public static final int SO_PEERPIDFD = 77;

    /** The receive buffer in bytes; the kernel doubles what is set. */
    public static final int SO_RCVBUF = 8;

    /** Whether an address in TIME_WAIT may be bound. */
    public static final int SO_REUSEADDR = 2;

    /** The send buffer in bytes; the kernel doubles what is set. */
    public static final int SO_SNDBUF = 7;

    /** The socket type; read only. */
    public static final int SO_TYPE = 3;

    // Options at IPPROTO_TCP: tcp(7).

    /** Whether small segments are sent at once. */
    public static final int TCP_NODELAY = 1;

    /** Seconds of silence before the first probe. */
    public static final int TCP_KEEPIDLE = 4;

    /** Seconds between probes. */
    public static final int TCP_KEEPINTVL = 5;

    /** Unanswered probes before the connection is given up. */
    public static final int TCP_KEEPCNT = 6;

    /** Milliseconds that sent data may stay unacknowledged; 0 is the default of the system. */
    public static final int TCP_USER_TIMEOUT = 18;

    // Options at IPPROTO_IPV6: ipv6(7).

    /** Whether an IPv6 socket refuses IPv4. */
    public static final int IPV6_V6ONLY = 26;

    // Flags of send(2) and recv(2).

    /** Sets FD_CLOEXEC on descriptors received. */
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    /** Control data was cut off; returned only. */
    public static final int MSG_CTRUNC = 8;

    /** This call does not wait. */
    public static final int MSG_DONTWAIT = 0x40;

    /** No SIGPIPE when the peer is gone. */
    public static final int MSG_NOSIGNAL = 0x4000;

    /** Urgent data: tcp(7). */
    public static final int MSG_OOB = 1;

    /** Leaves the data in the queue. */
    public static final int MSG_PEEK = 2;

    /** A datagram was cut off, or (on input, TCP) bytes are thrown away. */
    public static final int MSG_TRUNC = 0x20;

    /** Waits until the whole buffer is filled. */
    public static final int MSG_WAITALL = 0x100;

    // Control messages: unix(7).

    /** A message that carries descriptors. */
    public static final int SCM_RIGHTS = 1;

    // Flags of open(2) and pipe2(2).

    /** For reading. */
    public static final int O_RDONLY = 0;

    /** For writing. */
    public static final int O_WRONLY = 1;

    /** For both. */
    public static final int O_RDWR = 2;

    /** The mask of the three above. */
    public static final int O_ACCMODE = 3;

    /** Each write goes to the end. */
    public static final int O_APPEND = 0x400;

    /** Closed by execve(2). */
    public static final int O_CLOEXEC = 0x80000;

    /** Creates the file where there is none. */
    public static final int O_CREAT = 0x40;

    /** With O_CREAT: fails with EEXIST where there is one. */
    public static final int O_EXCL = 0x80;

    /** Calls answer EAGAIN where they would wait. */
    public static final int O_NONBLOCK = 0x800;

    /** Empties the file. */
    public static final int O_TRUNC = 0x200;

    /** A pipe in packet mode, a file without the page cache. Its value differs by architecture. */
    public static final int O_DIRECT = Linkage.AARCH64 ? LinuxAarch64.O_DIRECT() : Linux.O_DIRECT();

    /** Fails with ELOOP where the last part of the path is a symbolic link. Its value differs by architecture. */
    public static final int O_NOFOLLOW = Linkage.AARCH64 ? LinuxAarch64.O_NOFOLLOW() : Linux.O_NOFOLLOW();

    // Flags of statx(2) and the like.

    /** A relative path begins in the working directory. */
    public static final int AT_FDCWD = -100;

    /** With an empty path: the file that the descriptor stands for. */
    public static final int AT_EMPTY_PATH = 0x1000;

    /** A symbolic link itself, not what it leads to. */
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;

    /** What statx(2) is asked for: all that stat(2) tells. */
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

    /** Of a directory: only the owner of a file in it, its own owner and root may remove or rename that file. */
    public static final int S_ISVTX = 0001000;

    // Commands of fcntl(2).

    /** Descriptor flags. */
    public static final int F_GETFD = 1;

    /** Sets descriptor flags. */
    public static final int F_SETFD = 2;

    /** File status flags. */
    public static final int F_GETFL = 3;

    /** Sets file status flags. */
    public static final int F_SETFL = 4;

    /** Capacity of a pipe in bytes. */
    public static final int F_GETPIPE_SZ = 1032;

    /** Sets the capacity of a pipe in bytes; the kernel rounds up. */
    public static final int F_SETPIPE_SZ = 1031;

    /** The descriptor flag: closed by execve(2). */
    public static final int FD_CLOEXEC = 1;

    // Requests of ioctl(2).

    /** Bytes that can be read: tcp(7), pipe(7). */
    public static final int FIONREAD = 0x541b;

    /** Bytes that are sent and not acknowledged, or not sent: tcp(7). */
    public static final int SIOCOUTQ = 0x5411;

    // Operations of flock(2).

    /** A shared lock. */
    public static final int LOCK_SH = 1;

    /** An exclusive lock. */
    public static final int LOCK_EX = 2;

    /** Answers EWOULDBLOCK instead of waiting. */
    public static final int LOCK_NB = 4;

    /** Releases the lock. */
    public static final int LOCK_UN = 8;

    // Flags of splice(2), tee(2) and vmsplice(2).

    /** Without effect since Linux 2.6.21. */
    public static final int SPLICE_F_MOVE = 1;

    /** Does not wait for the pipe; a socket's own O_NONBLOCK decides for the socket. */
    public static final int SPLICE_F_NONBLOCK = 2;

    /** More is coming: TCP may hold the tail back for 200 ms. */
    public static final int SPLICE_F_MORE = 4;

    /** vmsplice only: the pages are given away. */
    public static final int SPLICE_F_GIFT = 8;

    // Events of poll(2).

    /** There is something to read. */
    public static final int POLLIN = 1;

    /** There is urgent data. */
    public static final int POLLPRI = 2;

    /** There is room to write. */
    public static final int POLLOUT = 4;

    /** A stream socket's peer has shut its writing down. */
    public static final int POLLRDHUP = 0x2000;

    /** An error, or a pipe without a reader; always reported. */
    public static final int POLLERR = 8;

    /** Hung up; always reported. Data may still be queued. */
    public static final int POLLHUP = 0x10;

    /** Not an open descriptor; always reported. */
    public static final int POLLNVAL = 0x20;

    // Events and operations of epoll_ctl(2).

    /** There is something to read. */
    public static final int EPOLLIN = 1;

    /** There is urgent data. */
    public static final int EPOLLPRI = 2;

    /** There is room to write. */
    public static final int EPOLLOUT = 4;

    /** A stream socket's peer has shut its writing down. */
    public static final int EPOLLRDHUP = 0x2000;

    /** An error, or a pipe without a reader; always reported. */
    public static final int EPOLLERR = 8;

    /** Hung up; always reported. Data may still be queued. */
    public static final int EPOLLHUP = 0x10;

    /** Edge-triggered: reports changes only. */
    public static final int EPOLLET = 0x80000000;

    /** Disabled after one report, until EPOLL_CTL_MOD. */
    public static final int EPOLLONESHOT = 0x40000000;

    /** Wakes one of several epolls. */
    public static final int EPOLLEXCLUSIVE = 0x10000000;

    /** Starts to watch a descriptor. */
    public static final int EPOLL_CTL_ADD = 1;

    /** Changes what is watched; reports again what holds. */
    public static final int EPOLL_CTL_MOD = 3;

    /** Stops. */
    public static final int EPOLL_CTL_DEL = 2;

    /** Of epoll_create1(2): closed by execve(2). */
    public static final int EPOLL_CLOEXEC = 0x80000;

    // Flags of eventfd(2).

    /** Closed by execve(2). */
    public static final int EFD_CLOEXEC = 0x80000;

    /** Calls answer EAGAIN where they would wait. */
    public static final int EFD_NONBLOCK = 0x800;

    /** A read takes 1 instead of all. */
    public static final int EFD_SEMAPHORE = 1;

    // Signals: signal(7).

    /** Ends the process; cannot be caught. */
    public static final int SIGKILL = 9;

    /** Asks the process to end. */
    public static final int SIGTERM = 15;

    // Resources: getrlimit(2).

    /** One more than the highest descriptor a process may have. */
    public static final int RLIMIT_NOFILE = 7;

    // Options of prctl(2).

    /** Whether the process's memory and descriptors are open to other processes of its user. */
    public static final int PR_SET_DUMPABLE = 4;

    private Constants() {}
}
