package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.Endpoint;
import arca.monitor.example.EmbeddedMonitor;
import arca.testkit.ChildJvm;
import arca.testkit.Together;
import arca.testnet.Peer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Runs the example {@link EmbeddedMonitor}. */
class EmbeddedMonitorTest {
    @Test
    void sendsATextAndPrintsTheAnswer() throws Exception {
        try (Peer.Listener server = Peer.Listener.open()) {
            FutureTask<Void> answering = Together.start(() -> {
                try (Peer peer = server.accept()) {
                    assertEquals("hello", peer.receive(5));
                    peer.assertEnd();
                    peer.send("and hello to you");
                }
            });
            Endpoint at = server.endpoint();
            List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
            command.addAll(ChildJvm.sameClasses());
            String address = at.toString().substring(0, at.toString().indexOf(':'));
            command.addAll(List.of(EmbeddedMonitor.class.getName(), address, "" + at.port(), "hello"));
            ChildJvm.Result result = ChildJvm.run(command);
            assertEquals(0, result.status(), result.output());
            assertTrue(result.output().contains("and hello to you"), result.output());
            Together.join(answering);
        }
    }
}
