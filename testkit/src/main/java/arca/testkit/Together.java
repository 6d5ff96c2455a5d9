package arca.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Things that happen at the same time, each in a thread of its own. */
public final class Together {
    private Together() {}

    /** Something to do. */
    @FunctionalInterface
    public interface Action {
        public void run() throws Exception;
    }

    /** Begins one; what it fails with is thrown by {@link #join}. */
    public static FutureTask<Void> start(Action deed) {
        Callable<Void> call = () -> {
            deed.run();
            return null;
        };
        FutureTask<Void> task = new FutureTask<>(call);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    /** Waits for one to be done. */
    public static void join(FutureTask<Void> task) throws Exception {
        Patience.get("what is done at the same time", task);
    }

    /** Does all of them, and waits for all to be done. */
    public static void run(Action... deeds) throws Exception {
        List<FutureTask<Void>> tasks = new ArrayList<>();
        for (Action deed : deeds) tasks.add(start(deed));
        for (FutureTask<Void> task : tasks) join(task);
    }
}
