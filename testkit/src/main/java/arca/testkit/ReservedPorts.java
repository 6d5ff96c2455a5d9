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
 * TCP ports for tests that must know a port before anybody listens there. Each is held by a socket that is bound and does
 * not listen: the kernel gives the port to nobody else, refuses whoever connects, and lets one socket with SO_REUSEADDR
 * listen beside it. {@link DescriptorLeaks} gives all of them back after each test.
 */
public final class ReservedPorts {
    private static final List<SocketChannel> HELD = new ArrayList<>();

    private ReservedPorts() {}

    /** A port of 127.0.0.1. */
    public static int next() {
        return next(InetAddress.getLoopbackAddress());
    }

    /** A port of one of this machine's IPv4 addresses. */
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
