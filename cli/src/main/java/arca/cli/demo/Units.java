package arca.cli.demo;

/** Formats numbers for people. */
final class Units {
    private static final double K = 1024;

    private Units() {}

    /** Formats a number of bytes: {@code 64 B}, {@code 1.5 KiB}, {@code 1.0 MiB} or {@code 2.3 GiB}. */
    static String bytes(double bytes) {
        if (bytes < K) return String.format("%.0f B", bytes);
        if (bytes < K * K) return String.format("%.1f KiB", bytes / K);
        if (bytes < K * K * K) return String.format("%.1f MiB", bytes / K / K);
        return String.format("%.1f GiB", bytes / K / K / K);
    }

    static double gibibytes(long bytes) {
        return bytes / (K * K * K);
    }
}
