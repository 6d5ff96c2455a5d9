package arca.monitor.lookup;

import arca.bindings.Errno;
import arca.control.IpAddress;
import arca.monitor.ledger.Principal;
import arca.monitor.ledger.Resource;
import arca.monitor.resolve.Resolver;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that resolve names for all guests. A resolver can wait for a server as long as it likes, so no guest's loop calls it.
 * A principal has its share of the threads ({@link Resource#LOOKUPS}). It gives a thread back when the resolver has returned, and
 * not when the guest has stopped waiting: so names that nobody answers keep only the threads of who asked for them. Any thread.
 */
public final class Lookups implements AutoCloseable {
    /** How many names may be resolved at a time, for all guests. */
    public static final int THREADS = 64;

    private static final Logger LOG = LoggerFactory.getLogger(Lookups.class);
    private static final int IDLE_SECONDS = 10; // then a thread ends
    private static final int MOST_ADDRESSES = 32; // of one name; a guest would hardly try more

    private final Resolver resolver;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Lookups::thread);

    /**
     * Creates the object; starts no thread yet.
     *
     * @param resolver answers the questions
     */
    public Lookups(Resolver resolver) {
        this.resolver = resolver;
        threads.allowCoreThreadTimeOut(true);
    }

    private static Thread thread(Runnable work) {
        return Thread.ofPlatform().daemon().name("resolver").unstarted(work); // the process need not wait for a server
    }

    /**
     * Resolves a name in another thread.
     *
     * @param onAnswer gets the answer, in that thread
     * @return 0, or {@code -errno} if nothing was started: EMFILE at the principal's share of the threads, ENFILE at the total,
     *     EAGAIN if the kernel refuses a thread
     */
    int start(Principal principal, String name, Consumer<Answer> onAnswer) {
        int n = principal.take(Resource.LOOKUPS, 1);
        if (n < 0) return n;
        boolean started = false;
        try {
            threads.execute(() -> {
                try {
                    onAnswer.accept(answer(name));
                } finally {
                    principal.give(Resource.LOOKUPS, 1);
                }
            });
            started = true;
            return 0;
        } catch (OutOfMemoryError e) { // this is how the JDK reports that the kernel refuses a thread
            return -Errno.EAGAIN;
        } finally {
            if (!started) principal.give(Resource.LOOKUPS, 1);
        }
    }

    private Answer answer(String name) {
        try {
            List<IpAddress> addresses = inTurns(resolver.resolve(name));
            if (!addresses.isEmpty()) return new Answer.Addresses(addresses);
            return new Answer.NotFound("the name has no address");
        } catch (IOException e) {
            return new Answer.NotFound(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("the resolver failed at the name {}", name, e);
            return new Answer.NotFound("the resolver failed: " + e);
        }
    }

    /**
     * Returns addresses in the order in which to try them: IPv6 and IPv4 take turns, the family of the first answer begins, and
     * each family keeps its order. So a family that does not work here costs one attempt, and not all of them.
     */
    static List<IpAddress> inTurns(List<InetAddress> answers) {
        Set<IpAddress> distinct = new LinkedHashSet<>();
        answers.forEach(answer -> distinct.add(IpAddress.of(answer.getAddress())));
        Queue<IpAddress> next = new ArrayDeque<>();
        Queue<IpAddress> other = new ArrayDeque<>();
        for (IpAddress address : distinct) {
            boolean isOfFirst = next.isEmpty() || next.peek().isIpv4() == address.isIpv4();
            (isOfFirst ? next : other).add(address);
        }
        List<IpAddress> ordered = new ArrayList<>();
        while (!next.isEmpty() && ordered.size() < MOST_ADDRESSES) {
            ordered.add(next.remove());
            if (other.isEmpty()) continue;
            Queue<IpAddress> swapped = next;
            next = other;
            other = swapped;
        }
        return List.copyOf(ordered);
    }

    /** Ends the threads that do nothing. One that waits for a resolver ends with it, or with the process. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
