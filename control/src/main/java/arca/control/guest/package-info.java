/**
 * The guest's library: TCP connections through a monitor, with an API like that of {@code java.net}. Start with
 * {@link arca.control.guest.ArcaSession}.
 */
package arca.control.guest;
