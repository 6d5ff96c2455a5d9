package arca.monitor.policy;

/** What a guest asks for, of the things that a {@link Policy} decides on. */
public enum Operation {
    /** To connect to an endpoint. */
    CONNECT("connect to"),

    /** To listen on an endpoint. */
    LISTEN("listen on");

    private final String phrase;

    Operation(String phrase) {
        this.phrase = phrase;
    }

    /** Returns the operation as it stands before an endpoint in a sentence: {@code connect to}. */
    @Override
    public String toString() {
        return phrase;
    }
}
