/*
 * Includes everything of Linux that arca.bindings uses, for jextract. See README.md.
 */
#define _GNU_SOURCE
#include <features.h>

/*
 * With _GNU_SOURCE, glibc declares the address parameter of bind, connect, accept, … as a transparent
 * union, which jextract cannot translate. Without __USE_GNU the parameter is the struct sockaddr * of
 * POSIX; the ABI is the same. accept4 is a GNU function, so we declare it.
 */
#pragma push_macro("__USE_GNU")
#undef __USE_GNU
#include <sys/socket.h>
#pragma pop_macro("__USE_GNU")
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* SIOCOUTQ: tcp(7). */
#include <linux/sockios.h>

/* rtnetlink(7); includes netlink(7). */
#include <linux/rtnetlink.h>

/* <sys/socket.h> declares struct ucred only with __USE_GNU: credentials(7), SO_PEERCRED. */
struct ucred {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* Newer than the headers of Debian 12: SO_PEERPIDFD since Linux 6.5, SO_PASSRIGHTS since 6.16. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* jextract does not evaluate macros with arguments or casts, or sizes of opaque types. The C compiler does. */
enum arca_evaluated {
    ARCA_CMSG_ALIGNMENT = sizeof(size_t),
    ARCA_CMSG_DATA = CMSG_LEN(0),
    ARCA_POSIX_SPAWN_FILE_ACTIONS_SIZE = sizeof(posix_spawn_file_actions_t),
    ARCA_POSIX_SPAWNATTR_SIZE = sizeof(posix_spawnattr_t),
    ARCA_SIGSET_SIZE = sizeof(sigset_t),
    ARCA_SUN_PATH_SIZE = sizeof(((struct sockaddr_un *)0)->sun_path),
    /* Only the fields of struct statx that the bindings read: newer headers rename the last fields. */
    ARCA_STATX_DEV_MAJOR = offsetof(struct statx, stx_dev_major),
    ARCA_STATX_DEV_MINOR = offsetof(struct statx, stx_dev_minor),
    ARCA_STATX_GID = offsetof(struct statx, stx_gid),
    ARCA_STATX_INO = offsetof(struct statx, stx_ino),
    ARCA_STATX_MODE = offsetof(struct statx, stx_mode),
    ARCA_STATX_NLINK = offsetof(struct statx, stx_nlink),
    ARCA_STATX_SIZE = sizeof(struct statx),
    ARCA_STATX_UID = offsetof(struct statx, stx_uid),
};
