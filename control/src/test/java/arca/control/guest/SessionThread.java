package arca.control.guest;

import arca.testkit.KernelThread;
import arca.testkit.Patience;
import java.util.ArrayList;
import java.util.List;

/** Looks at the thread of the only session, as the kernel shows it. */
final class SessionThread {
    private SessionThread() {}

    /** Fails if the thread does anything. Call it when no request is waiting for its reply. */
    static void assertSleeps() throws Exception {
        Patience.await("one session's thread that waits", () -> waiting().size() == 1);
        Task.assertSleeps(waiting().getFirst());
    }

    /** Returns the session threads that wait. The one of the test before may still be about to end. */
    private static List<KernelThread> waiting() throws Exception {
        List<KernelThread> waiting = new ArrayList<>();
        for (KernelThread thread : KernelThread.named(ProcessHandle.current().pid(), "arca-session")) {
            if (thread.sleepsIn("poll")) waiting.add(thread);
        }
        return waiting;
    }
}
