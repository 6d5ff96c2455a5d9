/**
 * The monitor as a library. {@link arca.monitor.Monitor#start} starts a monitor. {@link arca.monitor.Monitor#embed}
 * creates a guest in the same process.
 */
package arca.monitor;
