package arca.control;

/**
 * A data pipe that is being handed over: two kernel pipes, one for each direction.
 *
 * @param pipeId the monitor's number for it, u32; in one process the ends are taken by it
 * @param ringSize bytes that each direction can hold at the handoff, u64: the kernel's F_GETPIPE_SZ
 */
public record DataPipeInfo(int pipeId, long ringSize) {
    /** The fields as unsigned numbers. */
    @Override
    public String toString() {
        return "DataPipeInfo[pipeId=" + Integer.toUnsignedString(pipeId) + ", ringSize="
                + Long.toUnsignedString(ringSize) + "]";
    }
}
