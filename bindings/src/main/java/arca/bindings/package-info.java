/**
 * Linux system calls for Java, on two levels. {@link arca.bindings.Syscalls} answers a number and throws nothing; on it
 * stand the owners, such as {@link arca.bindings.Fd} and {@link arca.bindings.Epoll}, which throw
 * {@link arca.bindings.ErrnoException}. Linux on x86-64 or aarch64, glibc 2.34 or later; anywhere else the first use
 * fails with an {@link java.lang.UnsatisfiedLinkError} that says so.
 *
 * <p>The JVM wants {@code --enable-native-access=arca.bindings} (or {@code ALL-UNNAMED} on the class path).
 */
package arca.bindings;
