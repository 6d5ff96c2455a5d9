package arca.cli;

import arca.cli.policy.PolicyFile;
import arca.cli.policy.PolicyFileException;
import arca.monitor.Monitor;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the policy file of a running monitor again. A file with an error changes nothing. Any thread. */
final class PolicyReload {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyReload.class);

    private final CompletableFuture<Monitor> monitor = new CompletableFuture<>();
    private final Source source;
    private final Function<PolicyFile, String> inForce;

    /** Reads the policy as it is configured now. */
    @FunctionalInterface
    interface Source {
        PolicyFile read() throws PolicyFileException, IOException;
    }

    /**
     * Creates an object that has read nothing yet.
     *
     * @param inForce says what is in force with a policy
     */
    PolicyReload(Source source, Function<PolicyFile, String> inForce) {
        this.source = source;
        this.inForce = inForce;
    }

    /** Tells which monitor it is. Calls of {@link #run} wait for that. */
    void started(Monitor running) {
        monitor.complete(running);
    }

    /** Reads the file, and puts it in force. Logs one line that says what is in force, or each error. */
    synchronized void run() {
        Monitor running = monitor.join();
        try {
            PolicyFile policy = source.read();
            running.replace(policy, policy.sockets());
            LOG.info("the policy was read again; {}", inForce.apply(policy));
        } catch (PolicyFileException e) {
            e.getMessage().lines().forEach(line -> LOG.error("{}", line));
            LOG.error("the policy was not changed: the file has errors, and the old policy stays in force");
        } catch (IOException e) {
            LOG.error("the policy was not changed, and the old one stays in force: {}", Main.explained(e));
        } catch (IllegalStateException e) {
            LOG.info("the policy was not read again: the monitor is stopping");
        } catch (RuntimeException e) { // a bug must not end the monitor, as an uncaught exception does
            LOG.error("the policy was not changed, because the monitor failed", e);
        }
    }
}
