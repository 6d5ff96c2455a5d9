package arca.monitor.relay;

/** A direction of a relay: its flow, and the far ends of that. */
enum Direction {
    TO_PEER {
        @Override
        Flow flow(Connection connection) {
            return connection.relay.toPeer;
        }

        @Override
        long feed(Connection connection, long count) {
            return connection.guestWrites(count);
        }

        @Override
        long drain(Connection connection, long count) {
            return connection.peerReads(count);
        }
    },
    FROM_PEER {
        @Override
        Flow flow(Connection connection) {
            return connection.relay.fromPeer;
        }

        @Override
        long feed(Connection connection, long count) {
            return connection.peerWrites(count);
        }

        @Override
        long drain(Connection connection, long count) {
            return connection.guestReads(count);
        }
    };

    abstract Flow flow(Connection connection);

    /** Writes where the flow's bytes come from: bytes, or {@code -errno}. */
    abstract long feed(Connection connection, long count);

    /** Reads where the flow's bytes go to: bytes, 0 at the end, or {@code -errno}. */
    abstract long drain(Connection connection, long count);
}
