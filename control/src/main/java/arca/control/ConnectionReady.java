package arca.control;

/**
 * A TCP connection that stands, and the data pipe that carries its bytes.
 *
 * @param listenerId the listener it came in by, u32; {@link #NO_LISTENER} for one the guest asked for
 * @param connectionId the monitor's number for it, u32
 * @param pipe its data pipe
 */
public record ConnectionReady(int listenerId, int connectionId, DataPipeInfo pipe) {
    /** The id that is never given to a listener. */
    public static final int NO_LISTENER = 0;

    /** The fields as unsigned numbers. */
    @Override
    public String toString() {
        return "ConnectionReady[listenerId=" + Integer.toUnsignedString(listenerId) + ", connectionId="
                + Integer.toUnsignedString(connectionId) + ", pipe=" + pipe + "]";
    }
}
