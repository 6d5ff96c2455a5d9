/** The event loop of one thread: readiness, timers, the mailbox, and the calls to the kernel that a loop makes. */
package arca.monitor.reactor;
