package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLL_CTL_ADD;
import static arca.bindings.Constants.EPOLL_CTL_DEL;
import static arca.bindings.Constants.EPOLL_CTL_MOD;

import arca.bindings.Errno;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * epoll(7) with edge-triggered watches. A wake-up of a file makes its watch ready. Whether there is an event is decided
 * at the wait, by the state of the file at that time.
 */
final class SimEpoll extends SimFile {
    private static final int ALWAYS = EPOLLERR | EPOLLHUP;

    private record Key(int fd, SimFile file) {}

    /** A watched descriptor. */
    final class Watch {
        private final Key key;
        private int mask;
        private long token;
        private boolean ready;

        private Watch(Key key) {
            this.key = key;
        }

        private void set(int events, long newToken) {
            mask = events | ALWAYS;
            token = newToken;
            ready = happened() != 0;
        }

        private int happened() {
            return key.file.events() & mask;
        }

        void woken(int wakeKey) {
            if ((wakeKey & mask) != 0) ready = true;
        }

        void end() {
            watched.remove(key);
            key.file.watches().remove(this);
        }
    }

    private final Map<Key, Watch> watched = new LinkedHashMap<>();

    int control(int op, int fd, SimFile file, int events, long token) {
        Key key = new Key(fd, file);
        Watch watch = watched.get(key);
        if (op == EPOLL_CTL_ADD) {
            if (watch != null) return -Errno.EEXIST;
            watch = new Watch(key);
            watched.put(key, watch);
            file.watches().add(watch);
            watch.set(events, token);
            return 0;
        }
        if (watch == null) return -Errno.ENOENT;
        if (op == EPOLL_CTL_DEL) watch.end();
        else if (op == EPOLL_CTL_MOD) watch.set(events, token);
        else return -Errno.EINVAL;
        return 0;
    }

    /** Returns whether a wait would end now. As a wait does, it forgets watches that are ready but have no event. */
    boolean hasEvents() {
        boolean any = false;
        for (Watch watch : watched.values()) {
            if (!watch.ready) continue;
            if (watch.happened() == 0) watch.ready = false;
            else any = true;
        }
        return any;
    }

    /** Takes at most {@code most} events, in a random order. Returns how many. */
    int take(World world, long[] tokens, int[] events, int most) {
        List<Watch> ready = new ArrayList<>();
        for (Watch watch : watched.values()) if (watch.ready) ready.add(watch);
        int n = 0;
        while (n < most && !ready.isEmpty()) {
            Watch watch = ready.remove(world.random.nextInt(ready.size()));
            watch.ready = false;
            int happened = watch.happened();
            if (happened == 0) continue;
            tokens[n] = watch.token;
            events[n++] = happened;
        }
        return n;
    }

    @Override
    int events() {
        return hasEvents() ? EPOLLIN : 0;
    }

    @Override
    void released() {
        for (Watch watch : List.copyOf(watched.values())) watch.end();
    }
}
