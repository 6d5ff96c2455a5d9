/** The settings of a monitor, and what the system grants of what they ask for. */
package arca.monitor.config;
