package arca.bindings;

import static arca.bindings.Constants.O_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class PipeTest {
    @Test
    void bytesWrittenAreRead() throws Exception {
        try (Pipe pipe = Pipe.open(0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom("hello");
            assertEquals(6, Syscalls.write(pipe.writer().value(), text));
            MemorySegment back = arena.allocate(64);
            assertEquals(6, Syscalls.read(pipe.reader().value(), back));
            assertEquals("hello", back.getString(0));
        }
    }

    @Test
    void emptyPipeIsNotAnEnd() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            MemorySegment back = arena.allocate(64);
            assertEquals(-Errno.EAGAIN, Syscalls.read(pipe.reader().value(), back));
            pipe.writer().close();
            assertEquals(0, Syscalls.read(pipe.reader().value(), back));
        }
    }
}
