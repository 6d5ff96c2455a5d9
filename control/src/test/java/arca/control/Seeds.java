package arca.control;

import java.util.stream.LongStream;

/** Seeds for tests with random input. The name of a failing test tells its seed. */
final class Seeds {
    /** Names {@link #some} in a MethodSource. */
    static final String SOME = "arca.control.Seeds#some";

    private Seeds() {}

    /** Returns eight seeds that never change, and one that is new in each run. */
    static LongStream some() {
        return LongStream.concat(LongStream.rangeClosed(1, 8), LongStream.of(System.nanoTime()));
    }
}
