package arca.control.guest;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;

/** Why a session or a listener has ended. Makes the exceptions for calls that wait at that moment, and for later calls. */
sealed interface Ending {
    /** It was closed by its user. */
    record Closed() implements Ending {}

    /** It failed: the monitor has stopped, has broken the protocol, or cannot be reached. */
    record Failed(Throwable reason) implements Ending {}

    /** Returns the exception for a call that waits. The waiting thread makes it, so that it shows the caller's stack. */
    default IOException whileWaiting() {
        return switch (this) {
            case Closed() -> new AsynchronousCloseException();
            case Failed(Throwable reason) -> new SessionEndedException(reason);
        };
    }

    /** Returns the exception for a call that comes later. */
    default IOException afterwards() {
        return switch (this) {
            case Closed() -> new ClosedChannelException();
            case Failed(Throwable reason) -> new SessionEndedException(reason);
        };
    }
}
