package arca.monitor.ledger;

import java.util.EnumMap;
import java.util.Map;

/** Ledgers for tests that are about something else. */
public final class Ledgers {
    private static final long AMPLE = 1L << 40;

    private Ledgers() {}

    /** Returns a ledger that refuses nothing. */
    public static Ledger ample() {
        Map<Resource, Long> totals = new EnumMap<>(Resource.class);
        for (Resource resource : Resource.values()) totals.put(resource, AMPLE);
        return new Ledger(totals, 100);
    }
}
