package arca.control.guest;

import java.io.IOException;

/**
 * Thrown when a session has ended and this side has not closed it: the monitor has stopped, or has broken the protocol. The
 * cause says why: an {@link java.io.EOFException}, an {@link arca.bindings.ErrnoException} or an
 * {@link arca.control.ProtocolException}. Streams go on. To listen and connect again, open a new session.
 */
public final class SessionEndedException extends IOException {
    private static final long serialVersionUID = 1;

    SessionEndedException(Throwable reason) {
        super("the session with the monitor is over: " + reason.getMessage(), reason);
    }
}
