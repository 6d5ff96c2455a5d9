/** The demonstration: a monitor, a guest in a process of its own, and TCP peers, and what moves between them. */
package arca.cli.demo;
