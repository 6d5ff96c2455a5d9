package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import arca.testkit.DescriptorLeaks;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The leak check that runs with all other tests is on, and finds a leak. */
class DescriptorLeaksTest {
    /** The build does not run this class: its name does not end in Test. */
    static final class Leaky {
        static Pipe left;

        @Test
        void leavesAPipe() throws Exception {
            left = Pipe.open(0);
        }
    }

    @Test
    void testThatLeavesADescriptorFails() {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        try {
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(Leaky.class))
                                    .configurationParameter(DescriptorLeaks.AT_ONCE, "true")
                                    .build(),
                            listener);
        } finally {
            Leaky.left.close();
        }
        assertEquals(1, listener.getSummary().getTestsFailedCount());
        String message =
                listener.getSummary().getFailures().getFirst().getException().getMessage();
        assertTrue(message.startsWith("left open: {") && message.contains("pipe:["), message);
    }
}
