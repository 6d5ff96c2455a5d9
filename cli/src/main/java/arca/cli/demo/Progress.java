package arca.cli.demo;

import java.io.PrintStream;
import java.util.function.LongConsumer;

/** Prints the progress of a transfer: on a terminal a line that it redraws, otherwise a line per quarter. */
final class Progress implements LongConsumer {
    private static final int LOG_STEP = 25; // per cent
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream out;
    private final boolean terminal;
    private final String what;
    private final long whole;
    private final long started = System.nanoTime();
    private long drawn = started;
    private long moved;
    private long next = LOG_STEP;

    Progress(PrintStream out, boolean terminal, String what, long whole) {
        this.out = out;
        this.terminal = terminal;
        this.what = what;
        this.whole = whole;
    }

    @Override
    public void accept(long bytes) {
        moved += bytes;
        long percent = 100 * moved / whole;
        if (terminal) redraw(percent);
        else if (percent >= next) log(percent);
    }

    private void redraw(long percent) {
        long now = System.nanoTime();
        if (now - drawn < REDRAW_NANOS && moved < whole) return;
        drawn = now;
        out.print("\r" + line(percent) + "\u001b[K" + (moved < whole ? "" : "\n")); // K: erase the rest of the line
        out.flush();
    }

    private void log(long percent) {
        next = percent - percent % LOG_STEP + LOG_STEP;
        out.println(line(percent));
    }

    private String line(long percent) {
        double seconds = (System.nanoTime() - started) / 1e9;
        return String.format(
                "     %s: %3d %% of %s, %s/s", what, percent, Units.bytes(whole), Units.bytes(moved / seconds));
    }
}
