package arca.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Runs several actions at the same time, each in its own thread. */
public final class Together {
    private Together() {}

    /** An action, which may throw. */
    @FunctionalInterface
    public interface Action {
        public void run() throws Exception;
    }

    /** Starts an action. If it throws, {@link #join} throws the same. */
    public static FutureTask<Void> start(Action action) {
        Callable<Void> call = () -> {
            action.run();
            return null;
        };
        FutureTask<Void> task = new FutureTask<>(call);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    /** Waits until an action is done. */
    public static void join(FutureTask<Void> task) throws Exception {
        Patience.get("an action in another thread", task);
    }

    /** Runs all actions, and waits until all are done. */
    public static void run(Action... actions) throws Exception {
        List<FutureTask<Void>> tasks = new ArrayList<>();
        for (Action action : actions) tasks.add(start(action));
        for (FutureTask<Void> task : tasks) join(task);
    }
}
