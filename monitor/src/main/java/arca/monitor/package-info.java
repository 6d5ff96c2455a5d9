/**
 * The monitor: guests and what they ask for, policy and limits. {@link arca.monitor.Monitor} starts one, as a daemon's
 * whole work or inside a program of its own.
 */
package arca.monitor;
