/** The control socket and the threads: the acceptor, one thread for each guest, and the watchdog. */
package arca.monitor.server;
