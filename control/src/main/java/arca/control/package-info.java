/**
 * The control protocol that {@code PROTOCOL.md} describes, revision 1, as types: {@link arca.control.Request} and
 * {@link arca.control.Reply} are what is said, {@link arca.control.MonitorSession} and
 * {@link arca.control.GuestSession} the two ends, bytes in and messages out. Nothing here reads, writes or holds a
 * descriptor.
 *
 * <p>Numbers are unsigned, as on the wire: a u32 (ids, request ids, codes) is an {@code int} and a u64 (ring sizes) a
 * {@code long} of the same bits, to be printed, compared and widened by {@link java.lang.Integer}'s and
 * {@link java.lang.Long}'s unsigned methods, as {@code toString} here does; a u8 and a u16 are {@code int}s from 0 up.
 */
package arca.control;
