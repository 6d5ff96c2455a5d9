package arca.monitor.server;

import arca.monitor.server.ThreadState.Where;

/**
 * Remembers what the watchdog has seen of one thread, and decides when to report it. It counts looks and reads no clock. For
 * the watchdog's thread.
 */
final class Sightings {
    static final int LOOKS_IN_A_SECOND = 4;
    static final int LOOKS_IN_A_MINUTE = 240;
    private static final int FIRST_REPORT_AT = 2; // looks; a thread that is not stuck has moved on by the second

    private long call;
    private Where where = Where.FREE;
    private int looks; // in a row at which it was in this call
    private int reportAt = FIRST_REPORT_AT;
    private boolean isReported;

    /** Notes where the thread was at one look, and in which call. Returns whether a wait that was reported is over. */
    boolean note(long newCall, Where newWhere) {
        boolean moved = newCall != call || newWhere != where;
        boolean isOver = moved && isReported;
        if (moved) {
            call = newCall;
            where = newWhere;
            looks = 0;
            reportAt = FIRST_REPORT_AT;
            isReported = false;
        }
        looks++;
        return isOver;
    }

    /** Returns whether the thread is or may be stuck, and it is time to report that. */
    boolean isDue() {
        return looks >= reportAt && (where == Where.PIPE_LOCK || where == Where.UNKNOWN);
    }

    /**
     * Notes that the wait was reported. The next report is due after a minute.
     *
     * @param soon whether it is due after a second, because something was done about the wait
     */
    void reported(boolean soon) {
        isReported = true;
        reportAt = looks + (soon ? LOOKS_IN_A_SECOND : LOOKS_IN_A_MINUTE);
    }
}
