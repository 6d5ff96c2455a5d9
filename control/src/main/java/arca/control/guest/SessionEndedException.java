package arca.control.guest;

import java.io.IOException;

/**
 * The session is over, though nobody here closed it: the monitor has stopped, or said what is not the protocol. Its cause
 * is the reason: an {@link java.io.EOFException}, an {@link arca.bindings.ErrnoException}, an
 * {@link arca.control.ProtocolException}. Streams go on until their peers end them; all else needs a new session.
 */
public final class SessionEndedException extends IOException {
    private static final long serialVersionUID = 1;

    SessionEndedException(Throwable reason) {
        super("the session with the monitor is over: " + reason.getMessage(), reason);
    }
}
