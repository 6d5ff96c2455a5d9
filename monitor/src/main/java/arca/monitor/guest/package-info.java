/** One guest: its requests and replies, its listeners, handshakes and connections. */
package arca.monitor.guest;
