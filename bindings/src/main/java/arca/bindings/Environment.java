package arca.bindings;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * Changes the environment that this process passes to the processes it starts: environ(7). {@link System#getenv} does
 * not see the change: it is a copy, made when it is first called. {@link ProcessBuilder} uses that copy only if a
 * caller asks for its environment.
 *
 * <p>The C library does not lock the environment. Change it before other threads use it.
 */
public final class Environment {
    private static final MethodHandle SET =
            Linkage.plain("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle UNSET = Linkage.plain("unsetenv", FunctionDescriptor.of(JAVA_INT, ADDRESS));

    private Environment() {}

    /**
     * Sets a variable: setenv(3).
     *
     * @param name the variable's name, not empty and without {@code =}
     * @param value the variable's value
     */
    public static void set(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int replace = 1;
            check(name, (int) SET.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), replace));
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    /**
     * Removes a variable: unsetenv(3).
     *
     * @param name the variable's name, not empty and without {@code =}
     */
    public static void unset(String name) {
        try (Arena arena = Arena.ofConfined()) {
            check(name, (int) UNSET.invokeExact(arena.allocateFrom(name)));
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static void check(String name, int result) {
        if (result != 0)
            throw new IllegalArgumentException("not a valid name of an environment variable: \"" + name + "\"");
    }
}
