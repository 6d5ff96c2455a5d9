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
 * What the kernel knows about a file: stat(2). {@link #device} and {@link #inode} together identify the file, even
 * after it was renamed.
 *
 * @param device the number of the file system
 * @param inode the file's number in the file system
 * @param mode the type and the permissions: {@code S_IF*} and the bits of chmod(2)
 * @param uid the owner's user id, unsigned
 * @param gid the group id, unsigned
 * @param links the number of the file's names
 */
public record FileStatus(long device, long inode, int mode, int uid, int gid, int links) {
    /**
     * Returns the status of an open file: fstat(2).
     *
     * @param file any descriptor; the caller still owns it
     * @return the status
     * @throws ErrnoException as statx(2)
     */
    public static FileStatus of(Fd file) throws ErrnoException {
        return of("fstat", file, file.value(), "", AT_EMPTY_PATH);
    }

    /**
     * Returns the status of the file that a path leads to: stat(2). Symbolic links are followed.
     *
     * @param path the path
     * @return the status
     * @throws ErrnoException as statx(2)
     */
    public static FileStatus of(String path) throws ErrnoException {
        return of("stat", path, AT_FDCWD, path, 0);
    }

    /**
     * Returns the status of a path itself: lstat(2). If its last part is a symbolic link, this is the link's status.
     *
     * @param path the path
     * @return the status
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
     * Returns the file's type.
     *
     * @return {@code S_IFREG}, {@code S_IFSOCK} …
     */
    public int type() {
        return mode & Constants.S_IFMT;
    }

    /**
     * Returns whether another status is that of the same file.
     *
     * @param other the other status
     * @return true if device and inode are equal
     */
    public boolean isSameFile(FileStatus other) {
        return device == other.device && inode == other.inode;
    }
}
