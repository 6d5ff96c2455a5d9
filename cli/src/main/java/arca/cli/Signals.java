package arca.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Sets what a signal does to this process. The JDK's only way is sun.misc.Signal in the module jdk.unsupported. Javac warns
 * about every use of that class, and no option turns the warning off. So this class calls it by reflection.
 */
final class Signals {
    private static final Class<?> SIGNAL = type("sun.misc.Signal");
    private static final Class<?> HANDLER = type("sun.misc.SignalHandler");

    private Signals() {}

    /**
     * Makes a signal run an action, each time in a new thread. If SIGHUP, SIGINT or SIGTERM was ignored when the process
     * started, as with nohup(1), HotSpot keeps ignoring it.
     *
     * @param name the signal's name without SIG
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

    /** Makes this process ignore a signal. */
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
            throw new AssertionError("the module jdk.unsupported is missing", e);
        }
    }
}
