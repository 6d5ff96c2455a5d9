package arca.monitor.ledger;

import arca.bindings.ProcFile;
import arca.bindings.SocketAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The local TCP ports that the kernel gives to sockets that connect: ip(7), "ip_local_port_range". Connections to different
 * destinations may have the same local port, so each destination has all of them. A fact that the system does not tell is
 * replaced by the kernel's default.
 *
 * @param count how many there are for each destination
 * @param timeWait how many nanoseconds the kernel keeps a port after a connection that this host has ended first: TIME_WAIT
 * @param loopbackTimeWait the same for a destination on loopback
 * @param mostInTimeWait how many ports the kernel keeps, for all destinations together; it frees further ones at once
 * @param unknown a sentence for each fact that the system did not tell, with what the monitor assumes instead
 */
public record LocalPorts(int count, long timeWait, long loopbackTimeWait, int mostInTimeWait, List<String> unknown) {
    private static final String FOLDER = "/proc/sys/net/ipv4/";
    private static final long SECOND = 1_000_000_000; // in nanoseconds
    private static final long TIME_WAIT = 60 * SECOND; // TCP_TIMEWAIT_LEN in the kernel's source

    /**
     * If tcp_tw_reuse lets it, the kernel gives a port in TIME_WAIT to a new connection after a second: measured on 6.18. The ports
     * of one second do not run short, so such a port counts as free at once.
     */
    private static final long REUSE = 0;

    private static final long REUSE_ON_LOOPBACK = 2; // a value of tcp_tw_reuse, the default
    private static final long REUSE_ALWAYS = 1;

    /** A file under /proc, as text. */
    @FunctionalInterface
    interface Proc {
        String read(String path) throws IOException;
    }

    /**
     * Finds the ports of this process's network namespace.
     *
     * @return the ports
     */
    public static LocalPorts find() {
        return find(ProcFile::read);
    }

    static LocalPorts find(Proc proc) {
        List<String> unknown = new ArrayList<>();
        long[] range = numbers("ip_local_port_range", "32768 60999", proc, unknown);
        // The kernel tells an old segment from a new one by its timestamp, so without timestamps it does not reuse a
        // port.
        boolean hasTimestamps = numbers("tcp_timestamps", "1", proc, unknown)[0] != 0;
        long reuse = hasTimestamps ? numbers("tcp_tw_reuse", "2", proc, unknown)[0] : 0;
        int most = (int) numbers("tcp_max_tw_buckets", "131072", proc, unknown)[0];
        return new LocalPorts(
                (int) (range[1] - range[0] + 1),
                reuse == REUSE_ALWAYS ? REUSE : TIME_WAIT,
                reuse == REUSE_ALWAYS || reuse == REUSE_ON_LOOPBACK ? REUSE : TIME_WAIT,
                most,
                List.copyOf(unknown));
    }

    /** Returns the numbers in a file, as many as in the kernel's default. */
    private static long[] numbers(String file, String usual, Proc proc, List<String> unknown) {
        long[] defaults = parse(usual);
        String problem;
        try {
            String text = proc.read(FOLDER + file).strip();
            long[] numbers = parse(text);
            if (numbers.length == defaults.length) return numbers;
            problem = FOLDER + file + " holds \"" + text + "\"";
        } catch (IOException | NumberFormatException e) {
            problem = e.getMessage();
        }
        unknown.add(problem + "; the monitor assumes the kernel's default, " + usual);
        return defaults;
    }

    private static long[] parse(String text) {
        return Stream.of(text.split("\\s+")).mapToLong(Long::parseLong).toArray();
    }

    /** Returns how many nanoseconds the kernel keeps a port after a connection that this host has ended first. */
    long timeWait(SocketAddress.Inet to) {
        return isOnLoopback(to) ? loopbackTimeWait : timeWait;
    }

    static boolean isOnLoopback(SocketAddress.Inet to) {
        return to.address().isLoopbackAddress();
    }
}
