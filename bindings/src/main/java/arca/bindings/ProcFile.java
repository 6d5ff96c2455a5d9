package arca.bindings;

import static arca.bindings.Constants.O_RDONLY;
import static arca.bindings.ErrnoException.check;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Reads files under /proc, whose text the kernel creates while it is read: proc(5).
 *
 * <p>Only the first read(2) of a number under /proc/sys returns data. {@code Files.readString} first reads one byte of
 * a file whose size is 0, so it would get one digit.
 */
public final class ProcFile {
    private static final int BUFFER = 64 * 1024; // bytes; a file under /proc/sys is never longer

    private ProcFile() {}

    /**
     * Reads a whole file. The first read(2) asks for 64 KiB.
     *
     * @param path the file's path
     * @return the file's text. Bytes that are not UTF-8, for example in a thread's name, become U+FFFD
     * @throws ErrnoException if the file cannot be opened or read
     */
    public static String read(String path) throws ErrnoException {
        try (Fd file = Fd.open(path, O_RDONLY, 0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER);
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            while (true) {
                int n = check("read", path, (int) Syscalls.read(file.value(), buffer));
                if (n == 0) return text.toString(StandardCharsets.UTF_8);
                text.writeBytes(buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }
}
