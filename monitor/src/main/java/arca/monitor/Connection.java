package arca.monitor;

import arca.monitor.relay.Relay;

/** A guest's live connection: its numbers, its relay, and what its pipes take of the budget. */
record Connection(int id, int pipeId, int listenerId, long pipeBytes, Relay relay) {}
