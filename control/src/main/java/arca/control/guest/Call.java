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
 * One thread's wait for an answer that the session's thread gives. It is either answered or given up, never both: who
 * answers too late is told so, and has still what it wanted to give.
 *
 * @param <T> what a good answer gives
 */
final class Call<T> {
    /** What was answered: run by the thread that waited, so that an exception is of its stack. */
    interface Answer<T> {
        T get() throws IOException;
    }

    private final String what;
    private final CompletableFuture<Answer<T>> answer = new CompletableFuture<>();

    /**
     * A call that nobody has answered.
     *
     * @param what the call and what it is about, for exceptions
     * @throws InterruptedIOException if the calling thread is interrupted already: then nothing should be asked
     */
    Call(String what) throws InterruptedIOException {
        this.what = what;
        if (Thread.currentThread().isInterrupted()) throw interrupted();
    }

    /** Answers; false if the call was given up, and {@code value} still the answerer's. */
    boolean give(T value) {
        return answer.complete(() -> value);
    }

    /** Answers that the monitor's system call failed; false if the call was given up. */
    boolean refuse(int errno) {
        return answer.complete(() -> {
            throw new ErrnoException(what, errno);
        });
    }

    /** Answers that there will be none. */
    void end(Ending ending) {
        answer.complete(() -> {
            throw ending.whileWaiting();
        });
    }

    /**
     * Waits for the answer.
     *
     * @param timeout how long; zero is without end
     * @throws SocketTimeoutException if the time is over; the call is given up
     * @throws InterruptedIOException if the thread is interrupted, and still is then; the call is given up
     * @throws IOException whatever was answered
     */
    T await(Duration timeout) throws IOException {
        try {
            Answer<T> came = timeout.isZero()
                    ? answer.get()
                    : answer.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
            return came.get();
        } catch (TimeoutException e) {
            if (answer.cancel(false)) throw new SocketTimeoutException(what + ": no answer within " + timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (answer.cancel(false)) throw interrupted();
        } catch (ExecutionException e) {
            throw new AssertionError("an answer that fails does so when it is run", e);
        }
        return answer.join().get(); // it came at the last moment
    }

    private InterruptedIOException interrupted() {
        return new InterruptedIOException(what + ": interrupted");
    }
}
