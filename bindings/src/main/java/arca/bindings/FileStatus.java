package arca.bindings;

import static arca.bindings.Constants.AT_EMPTY_PATH;
import static arca.bindings.Constants.AT_FDCWD;
import static arca.bindings.Constants.AT_SYMLINK_NOFOLLOW;
import static arca.bindings.ErrnoException.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import arca.bindings.generated.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the kernel knows of a file, as stat(2). {@link #device} and {@link #inode} together name the file itself, whatever
 * its path is now.
 *
 * @param device the file system's number
 * @param inode the file's number in it
 * @param mode its type and permissions: {@code S_IF*} and the bits of chmod(2)
 * @param uid its owner's user id, unsigned
 * @param gid its group id, unsigned
 * @param links how many names it has
 */
public record FileStatus(long device, long inode, int mode, int uid, int gid, int links) {
    /**
     * Asks about an open file, as fstat(2).
     *
     * @param file any descriptor
     * @return the answer
     * @throws ErrnoException as statx(2)
     */
    public static FileStatus of(Fd file) throws ErrnoException {
        return of("fstat", file, file.value(), "", AT_EMPTY_PATH);
    }

    /**
     * Asks about what a path leads to, as stat(2): symbolic links are followed.
     *
     * @param path the path
     * @return the answer
     * @throws ErrnoException as statx(2)
     */
    public static FileStatus of(String path) throws ErrnoException {
        return of("stat", path, AT_FDCWD, path, 0);
    }

    /**
     * Asks about a path itself, as lstat(2): if its last part is a symbolic link, the answer is about the link.
     *
     * @param path the path
     * @return the answer
     * @throws ErrnoException as statx(2)
     */
    public static FileStatus ofLink(String path) throws ErrnoException {
        return of("lstat", path, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
    }

    private static FileStatus of(String call, Object subject, int directory, String path, int flags)
            throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(Linux.ARCA_STATX_SIZE(), JAVA_LONG.byteAlignment());
            check(call, subject, Syscalls.statx(directory, arena.allocateFrom(path), flags, statx));
            long major = Integer.toUnsignedLong(statx.get(JAVA_INT, Linux.ARCA_STATX_DEV_MAJOR()));
            int minor = statx.get(JAVA_INT, Linux.ARCA_STATX_DEV_MINOR());
            return new FileStatus(
                    major << Integer.SIZE | Integer.toUnsignedLong(minor),
                    statx.get(JAVA_LONG, Linux.ARCA_STATX_INO()),
                    Short.toUnsignedInt(statx.get(JAVA_SHORT, Linux.ARCA_STATX_MODE())),
                    statx.get(JAVA_INT, Linux.ARCA_STATX_UID()),
                    statx.get(JAVA_INT, Linux.ARCA_STATX_GID()),
                    statx.get(JAVA_INT, Linux.ARCA_STATX_NLINK()));
        }
    }

    /**
     * The file's type.
     *
     * @return {@code S_IFREG}, {@code S_IFSOCK} …
     */
    public int type() {
        return mode & Constants.S_IFMT;
    }

    /**
     * Whether another answer is about the same file.
     *
     * @param other the other answer
     * @return true if device and inode are the same
     */
    public boolean isSameFile(FileStatus other) {
        return device == other.device && inode == other.inode;
    }
}
