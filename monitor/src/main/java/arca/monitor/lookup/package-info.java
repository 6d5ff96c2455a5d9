/** Resolves host names for guests, in threads that are not the guests'. Knows no policy and no protocol. */
package arca.monitor.lookup;
