package arca.control.guest;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;

/** How a session, or a listener, came to its end: what is thrown at those who wait then, and those who come later. */
sealed interface Ending {
    /** Closed on this side. */
    record Closed() implements Ending {}

    /** Ended by what the monitor did, or failed to do. */
    record Failed(Throwable reason) implements Ending {}

    /** For a call that waits; it is thrown in the caller's thread, whose stack it should show. */
    default IOException whileWaiting() {
        return switch (this) {
            case Closed() -> new AsynchronousCloseException();
            case Failed(Throwable reason) -> new SessionEndedException(reason);
        };
    }

    /** For a call that comes too late. */
    default IOException afterwards() {
        return switch (this) {
            case Closed() -> new ClosedChannelException();
            case Failed(Throwable reason) -> new SessionEndedException(reason);
        };
    }
}
