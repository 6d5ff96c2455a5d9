/** The demonstration: a monitor, a guest in its own process, TCP peers, and the data between them. */
package arca.cli.demo;
