package arca.control;

/**
 * Describes a data pipe that the monitor hands over: two kernel pipes, one for each direction.
 *
 * @param pipeId the monitor's number for the data pipe, u32; a guest in the monitor's process takes the ends by it
 * @param ringSize how many bytes each direction can hold at the handoff, u64: the kernel's F_GETPIPE_SZ
 */
public record DataPipeInfo(int pipeId, long ringSize) {
    /** Returns the fields as unsigned numbers. */
    @Override
    public String toString() {
        return "DataPipeInfo[pipeId=" + Integer.toUnsignedString(pipeId) + ", ringSize="
                + Long.toUnsignedString(ringSize) + "]";
    }
}
