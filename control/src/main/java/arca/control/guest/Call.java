package arca.control.guest;

import arca.bindings.ErrnoException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A call of a user's thread that waits for its answer from the session's thread. The call ends once: it is answered, or the
 * waiting thread gives up. An answer that comes too late is refused, and its value stays with the session's thread, which
 * has to close it.
 *
 * @param <T> the value of a successful answer
 */
final class Call<T> {
    /** An answer. The waiting thread runs it, so that an exception shows the stack of the caller. */
    interface Answer<T> {
        T get() throws IOException;
    }

    private final String what;
    private final CompletableFuture<Answer<T>> answer = new CompletableFuture<>();

    /**
     * Creates a call without an answer.
     *
     * @param what the name of the call and its argument, for exceptions: {@code connect 192.0.2.1:80}
     * @throws InterruptedIOException if the calling thread is already interrupted: it must not send a request then
     */
    Call(String what) throws InterruptedIOException {
        this.what = what;
        if (Thread.currentThread().isInterrupted()) throw interrupted();
    }

    /** Answers with a value. Returns false if the call was given up: the value is still the answerer's. */
    boolean give(T value) {
        return answer.complete(() -> value);
    }

    /** Answers that the monitor's system call failed. Returns false if the call was given up. */
    boolean refuse(int errno) {
        return answer.complete(() -> {
            throw new ErrnoException(what, errno);
        });
    }

    /** Answers that the session, or the listener, has ended. */
    void end(Ending ending) {
        answer.complete(() -> {
            throw ending.whileWaiting();
        });
    }

    /**
     * Waits for the answer.
     *
     * @param timeout how long to wait; zero means without limit
     * @return the value of the answer
     * @throws SocketTimeoutException if no answer came in time; the call is given up
     * @throws InterruptedIOException if the thread is interrupted; its interrupt status stays set, and the call is given up
     * @throws IOException if that is the answer
     */
    T await(Duration timeout) throws IOException {
        try {
            Answer<T> answered = timeout.isZero()
                    ? answer.get()
                    : answer.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
            return answered.get();
        } catch (TimeoutException e) {
            if (answer.cancel(false)) throw new SocketTimeoutException(what + ": no answer within " + timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (answer.cancel(false)) throw interrupted();
        } catch (ExecutionException e) {
            throw new AssertionError("an answer fails only when it is run", e);
        }
        return answer.join().get(); // the answer came at the last moment
    }

    private InterruptedIOException interrupted() {
        return new InterruptedIOException(what + ": interrupted");
    }
}
