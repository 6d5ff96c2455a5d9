package arca.control;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Where frames lie. Each fork meets one kind, as a monitor does. */
public enum Memory {
    /** Memory that the kernel reads from and writes to. */
    NATIVE {
        @Override
        MemorySegment allocate(long size) {
            return Arena.ofAuto().allocate(size);
        }
    },

    /** A byte array. */
    HEAP {
        @Override
        MemorySegment allocate(long size) {
            return MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
        }
    };

    /** Where a frame begins: nothing about it is aligned. */
    static final int OFFSET = 1;

    abstract MemorySegment allocate(long size);
}
