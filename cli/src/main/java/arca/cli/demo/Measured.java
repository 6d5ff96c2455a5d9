package arca.cli.demo;

import arca.monitor.config.MonitorConfig;
import arca.monitor.observe.GuestSnapshot;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The cost of one transfer. The monitor's part is the difference between two snapshots. */
record Measured(
        MonitorConfig.RelayMode relay,
        String direction,
        long bytes,
        long nanos,
        long moves,
        long turns,
        long cpuNanos) {

    static Measured of(
            MonitorConfig.RelayMode relay,
            String direction,
            long bytes,
            long nanos,
            GuestSnapshot before,
            GuestSnapshot after) {
        GuestSnapshot.Counts first = before.counts().orElseThrow();
        GuestSnapshot.Counts last = after.counts().orElseThrow();
        return new Measured(
                relay,
                direction,
                bytes,
                nanos,
                last.moves() - first.moves(),
                last.turns() - first.turns(),
                after.cpu().minus(before.cpu()).toNanos());
    }

    /** Returns a table with a line per transfer. {@code moves} counts splice(2) calls, or pairs of read(2) and write(2). */
    static List<String> table(List<Measured> rows) {
        String head = String.format(
                "%-7s  %-14s  %9s  %7s  %11s  %7s  %8s  %s",
                "relay", "direction", "bytes", "time", "rate", "moves", "wake-ups", "monitor's CPU");
        return Stream.concat(Stream.of(head), rows.stream().map(Measured::line)).toList();
    }

    private String line() {
        double seconds = nanos / 1e9;
        return String.format(
                "%-7s  %-14s  %9s  %5.2f s  %9s/s  %7d  %8d  %.2f s/GiB",
                relay.name().toLowerCase(Locale.ROOT),
                direction,
                Units.bytes(bytes),
                seconds,
                Units.bytes(bytes / seconds),
                moves,
                turns,
                cpuNanos / 1e9 / Units.gibibytes(bytes));
    }
}
