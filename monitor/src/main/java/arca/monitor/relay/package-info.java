/** Data pipes, and the flows of bytes between them and TCP sockets. Knows neither the protocol nor the policy. */
package arca.monitor.relay;
