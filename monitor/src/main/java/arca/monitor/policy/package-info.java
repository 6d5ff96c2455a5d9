/** Rules about where guests may connect and listen, and the decisions that follow from them. Does no I/O. */
package arca.monitor.policy;
