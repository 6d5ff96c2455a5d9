/** What an embedder sees of the guests: events as they happen, and snapshots. */
package arca.monitor.observe;
