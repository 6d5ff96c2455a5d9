package arca.bindings;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * The environment that processes get which this one starts: environ(7). {@link System#getenv} is a copy of it, made when it
 * was first asked for, and stays as it is; {@link ProcessBuilder} uses that copy only if its own environment is asked for.
 *
 * <p>The C library does not protect the environment from use by several threads at a time, so it is to be changed early.
 */
public final class Environment {
    private static final MethodHandle SET =
            Linkage.plain("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle UNSET = Linkage.plain("unsetenv", FunctionDescriptor.of(JAVA_INT, ADDRESS));

    private Environment() {}

    /**
     * Sets a variable, as setenv(3).
     *
     * @param name its name, not empty and without {@code =}
     * @param value its value
     */
    public static void set(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int replace = 1;
            done(name, (int) SET.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), replace));
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    /**
     * Removes a variable, as unsetenv(3).
     *
     * @param name its name, not empty and without {@code =}
     */
    public static void unset(String name) {
        try (Arena arena = Arena.ofConfined()) {
            done(name, (int) UNSET.invokeExact(arena.allocateFrom(name)));
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static void done(String name, int result) {
        if (result != 0) throw new IllegalArgumentException("not the name of a variable: \"" + name + "\"");
    }
}
