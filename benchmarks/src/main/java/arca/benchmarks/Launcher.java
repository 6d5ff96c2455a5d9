package arca.benchmarks;

/** Options that ./arca gives its JVM for speed, and so must a benchmark of what it runs. */
public final class Launcher {
    /** Says nothing about the next. */
    public static final String QUIET = "-XX:CompileCommand=quiet";

    /** A call that captures errno allocates 40 bytes unless this is inlined, and for want of a profile it sometimes is not. */
    public static final String INLINE = "-XX:CompileCommand=inline,jdk.internal.foreign.abi.SharedUtils::checkNative";

    /** Or it is not inlined all the way from a guest's loop. */
    public static final String DEEP = "-XX:MaxInlineLevel=40";

    private Launcher() {}
}
