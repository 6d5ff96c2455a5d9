package arca.monitor.ledger;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Ledgers for tests that are about something else. */
public final class Ledgers {
    private static final long AMPLE = 1L << 40;
    private static final long SECOND = 1_000_000_000; // in nanoseconds
    private static final int A_LOT = 100_000;

    private Ledgers() {}

    /** Returns the principal of a user. */
    public static PrincipalId user(int uid) {
        return new PrincipalId.User(uid);
    }

    /** Takes all lines that may be logged in the next hours, so that nobody logs any. */
    public static void silence(Ledger ledger) {
        ledger.logLines.take(A_LOT);
    }

    /** Returns local ports that the kernel keeps for 60 seconds, or for one on loopback. */
    public static LocalPorts ports(int count) {
        return new LocalPorts(count, 60 * SECOND, SECOND, count, List.of());
    }

    /** Returns a ledger that refuses nothing. */
    public static Ledger ample() {
        Map<Resource, Long> totals = new EnumMap<>(Resource.class);
        for (Resource resource : Resource.values()) totals.put(resource, AMPLE);
        return of(totals, 100);
    }

    /** Returns a ledger that refuses no rate and no local port. */
    public static Ledger of(Map<Resource, Long> totals, int sharePercent) {
        return new Ledger(totals, ports(A_LOT), 1_000_000_000, sharePercent, System::nanoTime);
    }
}
