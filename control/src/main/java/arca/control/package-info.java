/**
 * The control protocol of {@code PROTOCOL.md}, revision 1, as types. {@link arca.control.Request} and
 * {@link arca.control.Reply} are the messages. {@link arca.control.MonitorSession} and {@link arca.control.GuestSession}
 * are the two ends of a session: they take bytes and give messages. Nothing in this package reads, writes or holds a
 * descriptor.
 *
 * <p>Numbers are unsigned, as on the wire. A u32 (ids, request ids, codes) is an {@code int} and a u64 (ring sizes) is a
 * {@code long} with the same bits. Print, compare and widen them with the unsigned methods of {@link java.lang.Integer}
 * and {@link java.lang.Long}, as the {@code toString} methods here do. A u8 and a u16 are {@code int}s that are never
 * negative.
 */
package arca.control;
