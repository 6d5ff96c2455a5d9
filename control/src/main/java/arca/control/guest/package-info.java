/**
 * The guest's library: TCP through a monitor, as {@code java.net} has it through the kernel. It begins with
 * {@link arca.control.guest.ArcaSession}.
 */
package arca.control.guest;
