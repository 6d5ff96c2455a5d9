package arca.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Says what a signal does to this process. The JDK's only way is sun.misc.Signal of the module jdk.unsupported. Javac warns
 * of that name wherever it stands, and no option turns the warning off; so it is called by method handles.
 */
final class Signals {
    private static final Class<?> SIGNAL = type("sun.misc.Signal");
    private static final Class<?> HANDLER = type("sun.misc.SignalHandler");

    private Signals() {}

    /**
     * Has a signal run an action, each time in a new thread. HotSpot leaves SIGHUP, SIGINT and SIGTERM ignored where they
     * were when the process began, as nohup(1) has it.
     *
     * @param name without SIG
     */
    static void handle(String name, Runnable action) {
        try {
            MethodHandle run = MethodHandles.lookup()
                    .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
                    .bindTo(action);
            set(name, MethodHandleProxies.asInterfaceInstance(HANDLER, MethodHandles.dropArguments(run, 0, SIGNAL)));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** Has a signal do nothing. */
    static void ignore(String name) {
        try {
            set(name, HANDLER.getField("SIG_IGN").get(null));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("no SignalHandler.SIG_IGN", e);
        }
    }

    private static void set(String name, Object handler) throws ReflectiveOperationException {
        Object signal = SIGNAL.getConstructor(String.class).newInstance(name);
        SIGNAL.getMethod("handle", SIGNAL, HANDLER).invoke(null, signal, handler);
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new AssertionError("the module jdk.unsupported is not there", e);
        }
    }
}
