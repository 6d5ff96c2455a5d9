/**
 * Linux system calls for Java, on two levels. The methods of {@link arca.bindings.Syscalls} return a number and do not
 * throw for an error. Above them are classes that own descriptors, such as {@link arca.bindings.Fd} and
 * {@link arca.bindings.Epoll}; they throw {@link arca.bindings.ErrnoException}. The package needs Linux on x86-64 or
 * aarch64, with glibc 2.34 or later. Anywhere else its first use fails with an {@link java.lang.UnsatisfiedLinkError}
 * that says so.
 *
 * <p>Start the JVM with {@code --enable-native-access=arca.bindings} ({@code ALL-UNNAMED} on the class path).
 */
package arca.bindings;
