package arca.bindings;

import arca.bindings.generated.Linux;
import arca.bindings.generated.group;
import arca.bindings.generated.passwd;
import java.lang.foreign.Arena;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/**
 * Looks up users and groups by name: getpwnam_r(3), getgrnam_r(3). The C library asks every source that nsswitch.conf(5) names,
 * so a call can wait for a server. Any thread.
 */
public final class Users {
    private static final long FIRST_BUFFER = 1024; // bytes; entries of large groups need more
    private static final long LARGEST_BUFFER = 16 << 20;

    private Users() {}

    /**
     * Returns the id of a user.
     *
     * @param name the user's name
     * @return the user id, u32; empty if there is no such user
     * @throws ErrnoException if the C library cannot ask: EIO, EMFILE, ENFILE, ENOMEM
     */
    public static OptionalInt uid(String name) throws ErrnoException {
        return id("getpwnam_r", Getpwnam.HANDLE, name, passwd.layout(), passwd.pw_uid$offset());
    }

    private static final class Getpwnam {
        static final MethodHandle HANDLE = Linkage.plain("getpwnam_r", Linux.getpwnam_r$descriptor());
    }

    /**
     * Returns the id of a group.
     *
     * @param name the group's name
     * @return the group id, u32; empty if there is no such group
     * @throws ErrnoException if the C library cannot ask: EIO, EMFILE, ENFILE, ENOMEM
     */
    public static OptionalInt gid(String name) throws ErrnoException {
        return id("getgrnam_r", Getgrnam.HANDLE, name, group.layout(), group.gr_gid$offset());
    }

    private static final class Getgrnam {
        static final MethodHandle HANDLE = Linkage.plain("getgrnam_r", Linux.getgrnam_r$descriptor());
    }

    private static OptionalInt id(String call, MethodHandle handle, String name, GroupLayout layout, long offset)
            throws ErrnoException {
        if (name.indexOf('\0') >= 0) return OptionalInt.empty(); // C would see the name end there
        for (long size = FIRST_BUFFER; ; size *= 2) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment entry = arena.allocate(layout);
                MemorySegment found = arena.allocate(ValueLayout.ADDRESS);
                int error = call(handle, arena.allocateFrom(name), entry, arena.allocate(size), size, found);
                if (error == Errno.ERANGE && size < LARGEST_BUFFER) continue;
                // These mean "not found" in some sources: getpwnam(3), "ERRORS".
                boolean isAbsent = error == Errno.ENOENT || error == Errno.ESRCH || error == Errno.EPERM;
                if (error != 0 && !isAbsent) throw new ErrnoException(call + " " + name, error);
                boolean isFound =
                        error == 0 && !found.get(ValueLayout.ADDRESS, 0).equals(MemorySegment.NULL);
                return isFound ? OptionalInt.of(entry.get(ValueLayout.JAVA_INT, offset)) : OptionalInt.empty();
            }
        }
    }

    /** Calls one of the two functions. They return an error number, and do not use errno. */
    private static int call(
            MethodHandle handle,
            MemorySegment name,
            MemorySegment entry,
            MemorySegment buffer,
            long size,
            MemorySegment found) {
        try {
            return (int) handle.invokeExact(name, entry, buffer, size, found);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }
}
