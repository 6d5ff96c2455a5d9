package arca.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** An amount of memory on the command line: {@code 65536}, {@code 64K} or {@code 1M}. */
record Size(long bytes) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,12})([KMkm]?)");
    private static final long K = 1 << 10;
    private static final long M = 1 << 20;

    static Size parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("\"" + text + "\" is not a number of bytes, such as 65536, 64K or 1M");
        }
        long unit = switch (matcher.group(2)) {
            case "K", "k" -> K;
            case "M", "m" -> M;
            default -> 1;
        };
        return new Size(Long.parseLong(matcher.group(1)) * unit);
    }

    @Override
    public String toString() {
        if (bytes >= M && bytes % M == 0) return bytes / M + "M";
        return bytes >= K && bytes % K == 0 ? bytes / K + "K" : Long.toString(bytes);
    }
}
