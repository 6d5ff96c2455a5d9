package arca.monitor.sim;

/** The bytes that have arrived at one end of a TCP connection and have not been read, and the place of the urgent byte. */
final class SimReceiveQueue {
    private final Chunks bytes = new Chunks();
    private int capacity = 1 << 16;
    private long arrived; // bytes, since the beginning
    private long read; // how many of them have been read
    private long urgentAt = -1; // position of the urgent byte in the stream

    /** Sets how many bytes may wait: SO_RCVBUF. */
    void resize(int capacity) {
        this.capacity = capacity;
    }

    int size() {
        return bytes.size();
    }

    boolean isEmpty() {
        return bytes.isEmpty();
    }

    /** Returns how many bytes the other end may send. */
    int window() {
        return capacity - bytes.size();
    }

    long arrived() {
        return arrived;
    }

    /** Adds bytes. One of them may be urgent: the one at position {@code urgent} in the stream, unless that is -1. */
    void add(byte[] more, long urgent) {
        arrived += more.length;
        bytes.add(more);
        if (urgent >= 0) urgentAt = urgent;
    }

    /** Returns whether an urgent byte waits. */
    boolean hasUrgent() {
        return urgentAt >= read;
    }

    /** Takes the next piece for splice(2). Returns null if there is none, or if the next byte is urgent. */
    byte[] takePiece(int most) {
        return isEmpty() || urgentAt == read ? null : taken(bytes.takePiece(beforeUrgent(most)));
    }

    /** Takes bytes as recv(2) does: up to the urgent byte, or from it on. Returns null if there are none. */
    byte[] take(int most) {
        return isEmpty() ? null : taken(bytes.take(beforeUrgent(most)));
    }

    private int beforeUrgent(int most) {
        return urgentAt > read ? (int) Math.min(most, urgentAt - read) : most;
    }

    private byte[] taken(byte[] all) {
        read += all.length;
        if (read > urgentAt) urgentAt = -1;
        return all;
    }

    /** Returns the next byte, as MSG_PEEK does; null if there is none. */
    byte[] peek() {
        return isEmpty() ? null : new byte[] {bytes.first()};
    }
}
