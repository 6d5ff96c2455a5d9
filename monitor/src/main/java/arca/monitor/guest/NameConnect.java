package arca.monitor.guest;

import arca.bindings.Errno;
import arca.control.Endpoint;
import arca.control.IpAddress;
import arca.monitor.ledger.Principal;
import arca.monitor.lookup.Answer;
import arca.monitor.lookup.Lookup;
import arca.monitor.lookup.Lookups;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.HostName;
import arca.monitor.reactor.Reactor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/**
 * A connect by name: the name is resolved, each of its addresses is judged, and those that the policy allows are tried one after
 * another, until a handshake succeeds. The lookup and all handshakes together have the time that one handshake has. Loop thread only.
 */
final class NameConnect {
    private final Connects owner;
    private final Authorizer authorizer;
    private final Reactor reactor;
    private final int requestId;
    private final HostName name;
    private final int port;
    private final Lookup lookup;
    private final Queue<Endpoint> toTry = new ArrayDeque<>();
    private long deadline; // by the kernel's clock, in nanoseconds

    /** Creates a connect that has not started. */
    NameConnect(Connects owner, Authorizer authorizer, Reactor reactor, int requestId, HostName name, int port) {
        this.owner = owner;
        this.authorizer = authorizer;
        this.reactor = reactor;
        this.requestId = requestId;
        this.name = name;
        this.port = port;
        this.lookup = new Lookup(reactor, this::answered);
    }

    /**
     * Starts to resolve the name, which the policy has allowed.
     *
     * @param timeoutNanos nanoseconds until the connect fails with ETIMEDOUT
     * @return 0, or {@code -errno} if the lookup cannot be started: EMFILE or ENFILE at a share, EAGAIN if there is no thread
     */
    int start(Lookups lookups, Principal principal, long timeoutNanos) {
        deadline = reactor.kernel().nanoTime() + timeoutNanos;
        return lookup.start(lookups, principal, name.text(), timeoutNanos);
    }

    int requestId() {
        return requestId;
    }

    /** Drops the lookup. The guest is not told. */
    void cancel() {
        lookup.cancel();
    }

    private void answered(Answer answer) {
        owner.resolved(this);
        switch (answer) {
            case Answer.Addresses found -> judge(found);
            case Answer.NotFound _ -> owner.refuse(requestId, Errno.ENOENT);
            case Answer.TimedOut _ -> owner.refuse(requestId, Errno.ETIMEDOUT);
        }
    }

    private void judge(Answer.Addresses found) {
        List<Denied> denied = new ArrayList<>();
        for (IpAddress address : found.addresses()) {
            Endpoint endpoint = new Endpoint(address, port);
            authorizer
                    .review(Permission.connect(name, endpoint))
                    .ifPresentOrElse(denied::add, () -> toTry.add(endpoint));
        }
        if (toTry.isEmpty()) authorizer.report(denied.getFirst());
        tryNext(Errno.EACCES);
    }

    /**
     * Tries the next address.
     *
     * @param error why the one before failed; the guest gets it if there is no other
     */
    private void tryNext(int error) {
        Endpoint next = toTry.poll();
        if (next == null) {
            owner.refuse(requestId, error);
            return;
        }
        long left = deadline - reactor.kernel().nanoTime();
        if (left <= 0) {
            owner.refuse(requestId, Errno.ETIMEDOUT);
            return;
        }
        // Each address gets the same part of the time that is left, so one that never answers does not take it all.
        long timeout = left / (toTry.size() + 1);
        int n = owner.start(requestId, Permission.connect(name, next), timeout, this::tryNext);
        if (n < 0) tryNext(-n);
    }
}
