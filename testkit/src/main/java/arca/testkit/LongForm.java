package arca.testkit;

/** Tests that do the same thing many times have a short form, for every build, and a long one: {@code ./build verify-long}. */
public final class LongForm {
    private static final boolean ON = Boolean.getBoolean("arca.long");

    private LongForm() {}

    /** One of these, by the form of this run. */
    public static int times(int ofShort, int ofLong) {
        return ON ? ofLong : ofShort;
    }
}
