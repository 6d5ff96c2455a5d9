package arca.testkit;

/** Tells tests that repeat something how often: a few times in every build, often in {@code ./build verify-long}. */
public final class LongForm {
    private static final boolean ON = Boolean.getBoolean("arca.long");

    private LongForm() {}

    /** Returns {@code ofShort} in a usual build, and {@code ofLong} in {@code ./build verify-long}. */
    public static int times(int ofShort, int ofLong) {
        return ON ? ofLong : ofShort;
    }
}
