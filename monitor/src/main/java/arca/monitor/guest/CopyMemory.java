package arca.monitor.guest;

import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Resource;
import arca.monitor.relay.MemoryBudget;

/** The memory that a guest's relays may use: what its account gives. Loop thread only. */
record CopyMemory(GuestAccount account) implements MemoryBudget {
    @Override
    public boolean take(long bytes) {
        return account.take(Resource.COPY_BYTES, bytes) == 0;
    }

    @Override
    public void give(long bytes) {
        account.give(Resource.COPY_BYTES, bytes);
    }
}
