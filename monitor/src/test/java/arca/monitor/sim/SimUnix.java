package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import java.util.ArrayDeque;

/**
 * One end of a connected pair of Unix-domain stream sockets. Each message takes the same piece of the sender's small
 * buffer, which is free again when the other end has read it: that is how many may be in flight, descriptors too.
 */
final class SimUnix extends SimFile {
    /** What one sendmsg(2) has sent. */
    record Message(byte[] bytes, SimFile[] files) {}

    /** What a guest may send before it must wait. */
    static final int MUCH = 256;

    private final int capacity; // messages of ours that may be unread
    private final ArrayDeque<Message> queue = new ArrayDeque<>(); // to be read here
    private int taken; // bytes of the first message
    private SimUnix other;
    private boolean ended; // the other end sends no more
    private boolean shut; // nothing can be sent any more
    private int error;

    private SimUnix(int capacity) {
        this.capacity = capacity;
    }

    /** One end, which may send so much; the other may send much more. */
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

    /** sendmsg(2): all of it or none. */
    long send(byte[] bytes, SimFile... files) {
        if (shut || !other.isOpen()) return -Errno.EPIPE;
        if (unread() >= capacity) return -Errno.EAGAIN;
        for (SimFile file : files) file.refer();
        other.queue.add(new Message(bytes, files));
        other.wake(EPOLLIN);
        return bytes.length;
    }

    /** A whole message, whose files become the caller's; null where there is none. */
    Message receive() {
        Message message = queue.poll();
        if (message != null) freed();
        return message;
    }

    private void freed() {
        if (other.isOpen() && other.isWritable()) other.wake(EPOLLOUT);
    }

    /** read(2): as many bytes as there are, and files that came with them close. Null where there are none: {@link #end}. */
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

    /** What read(2) says where there are no bytes. */
    int end() {
        if (error != 0) {
            int once = error;
            error = 0;
            return -once;
        }
        return ended ? 0 : -Errno.EAGAIN;
    }

    /** shutdown(2) of what is sent here. */
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
