package arca.monitor.sim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The descriptors of a process. A new one gets the lowest free number. Using a closed one is a violation. */
final class SimDescriptors {
    private static final int FIRST = 3;

    private final int limit; // RLIMIT_NOFILE
    private final Map<Integer, SimFile> files = new HashMap<>();
    private final TreeSet<Integer> freed = new TreeSet<>();
    private int next = FIRST;

    SimDescriptors(int limit) {
        this.limit = limit;
    }

    /** Returns whether the process may open so many more. */
    boolean hasRoom(int more) {
        return files.size() + more <= limit;
    }

    /** Returns a new descriptor for a file, whether or not there is room. */
    int add(SimFile file) {
        Integer fd = freed.pollFirst();
        if (fd == null) fd = next++;
        files.put(fd, file);
        return fd;
    }

    boolean isOpen(int fd) {
        return files.containsKey(fd);
    }

    SimFile file(String call, int fd) {
        SimFile file = files.get(fd);
        if (file == null) throw Violation.of("%s of descriptor %d, which is not open", call, fd);
        return file;
    }

    <F extends SimFile> F file(String call, int fd, Class<F> type) {
        SimFile file = file(call, fd);
        if (!type.isInstance(file))
            throw Violation.of("%s of descriptor %d, which is not a %s", call, fd, type.getSimpleName());
        return type.cast(file);
    }

    /** Frees the number. The reference to the file is now the caller's. */
    void remove(int fd) {
        files.remove(fd);
        freed.add(fd);
    }

    int count() {
        return files.size();
    }

    Collection<SimFile> files() {
        return files.values();
    }

    /** Describes what is open, for a message. */
    List<String> describe() {
        List<String> open = new ArrayList<>();
        files.forEach((fd, file) -> open.add(fd + " " + file.getClass().getSimpleName()));
        return open;
    }
}
