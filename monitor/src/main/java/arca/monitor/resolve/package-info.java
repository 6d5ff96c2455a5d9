/** Finds the addresses of host names. */
package arca.monitor.resolve;
