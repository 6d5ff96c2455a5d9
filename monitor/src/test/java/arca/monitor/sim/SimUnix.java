package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import java.util.ArrayDeque;

/**
 * One end of a connected pair of Unix-domain stream sockets. Each message takes one place in the sender's small buffer,
 * and frees it when the other end has read the message. This limits how many messages, and descriptors, are in flight.
 */
final class SimUnix extends SimFile {
    /** The bytes and files of one sendmsg(2). */
    record Message(byte[] bytes, SimFile[] files) {}

    /** How many messages a guest may send before it must wait. */
    static final int MUCH = 256;

    private final int capacity; // how many messages from this end may be unread
    private final ArrayDeque<Message> queue = new ArrayDeque<>(); // to be read at this end
    private int taken; // bytes of the first message that have been read
    private SimUnix other;
    private boolean ended; // the other end sends no more
    private boolean shut; // nothing can be sent any more
    private int error;

    private SimUnix(int capacity) {
        this.capacity = capacity;
    }

    /** Creates a pair. Returns one end, which may send {@code capacity} messages; the other may send {@link #MUCH}. */
    static SimUnix pair(int capacity) {
        SimUnix one = new SimUnix(capacity);
        one.other = new SimUnix(MUCH);
        one.other.other = one;
        return one;
    }

    SimUnix other() {
        return other;
    }

    int unread() {
        return other.queue.size();
    }

    private boolean isWritable() {
        return unread() * 4 <= capacity;
    }

    /** Sends a message, whole or not at all: sendmsg(2). Returns its length, or {@code -errno}. */
    long send(byte[] bytes, SimFile... files) {
        if (shut || !other.isOpen()) return -Errno.EPIPE;
        if (unread() >= capacity) return -Errno.EAGAIN;
        for (SimFile file : files) file.refer();
        other.queue.add(new Message(bytes, files));
        other.wake(EPOLLIN);
        return bytes.length;
    }

    /** Takes a whole message; null if there is none. The caller now owns its files. */
    Message receive() {
        Message message = queue.poll();
        if (message != null) freed();
        return message;
    }

    private void freed() {
        if (other.isOpen() && other.isWritable()) other.wake(EPOLLOUT);
    }

    /** Reads bytes, and closes the files that came with them: read(2). Returns null if there are none: {@link #end}. */
    byte[] read(int count) {
        if (queue.isEmpty()) return null;
        Chunks all = new Chunks();
        while (!queue.isEmpty() && all.size() < count) {
            Message first = queue.element();
            int n = Math.min(first.bytes.length - taken, count - all.size());
            all.add(java.util.Arrays.copyOfRange(first.bytes, taken, taken + n));
            taken += n;
            if (taken < first.bytes.length) break;
            taken = 0;
            for (SimFile file : queue.remove().files) file.drop();
            freed();
        }
        return all.take(all.size());
    }

    /** Returns the result of read(2) if there are no bytes. */
    int end() {
        if (error != 0) {
            int once = error;
            error = 0;
            return -once;
        }
        return ended ? 0 : -Errno.EAGAIN;
    }

    /** Ends the direction from this end to the other: shutdown(2). */
    void shutdownWrite() {
        shut = true;
        other.ended = true;
        other.wake(ANY);
    }

    @Override
    int events() {
        int events = queue.isEmpty() ? 0 : EPOLLIN;
        if (ended) events |= EPOLLIN | EPOLLRDHUP;
        if (ended && shut) events |= EPOLLHUP;
        if (error != 0) events |= EPOLLERR;
        return isWritable() ? events | EPOLLOUT : events;
    }

    @Override
    void released() {
        boolean unreadHere = !queue.isEmpty();
        for (Message message : queue) for (SimFile file : message.files) file.drop();
        queue.clear();
        shut = true;
        if (!other.isOpen()) return;
        other.ended = true;
        other.shut = true;
        if (unreadHere) other.error = Errno.ECONNRESET;
        other.wake(ANY);
    }
}
