package arca.control;

/**
 * An established TCP connection, and the data pipe that carries its bytes.
 *
 * @param listenerId the listener that accepted the connection, u32; {@link #NO_LISTENER} if the guest connected
 * @param connectionId the monitor's number for the connection, u32
 * @param pipe the connection's data pipe
 */
public record ConnectionReady(int listenerId, int connectionId, DataPipeInfo pipe) {
    /** The id that no listener ever has. */
    public static final int NO_LISTENER = 0;

    /** Returns the fields as unsigned numbers. */
    @Override
    public String toString() {
        return "ConnectionReady[listenerId=" + Integer.toUnsignedString(listenerId) + ", connectionId="
                + Integer.toUnsignedString(connectionId) + ", pipe=" + pipe + "]";
    }
}
