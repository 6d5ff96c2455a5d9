package arca.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * TCP ports for tests that must know a port before a program listens there. For each port, a socket is bound to it and does
 * not listen. So the kernel gives the port to no other program and refuses connections to it, and a socket with SO_REUSEADDR
 * can still listen there. {@link DescriptorLeaks} frees all of these ports after each test.
 */
public final class ReservedPorts {
    private static final List<SocketChannel> HELD = new ArrayList<>();

    private ReservedPorts() {}

    /** Reserves a port of 127.0.0.1, and returns it. */
    public static int next() {
        return next(InetAddress.getLoopbackAddress());
    }

    /** Reserves a port of one of this machine's IPv4 addresses, and returns it. */
    public static synchronized int next(InetAddress address) {
        try {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET);
            HELD.add(channel);
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress(address, 0));
            return ((InetSocketAddress) channel.getLocalAddress()).getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static synchronized void release() {
        try {
            for (SocketChannel channel : HELD) channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            HELD.clear();
        }
    }
}
