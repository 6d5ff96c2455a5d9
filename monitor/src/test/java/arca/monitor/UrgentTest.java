package arca.monitor;

import static arca.bindings.Constants.POLLIN;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.testkit.Together;
import arca.testnet.Side;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests urgent data: tcp(7). splice(2) stops before an urgent byte. Each such byte must arrive at its place. */
@ParameterizedClass
@EnumSource(Variant.class)
class UrgentTest {
    @Parameter
    Variant variant;

    @Test
    void urgentByteComesInItsPlaceBeforeTheEnd() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.peer().send("abc");
            joined.peer().sendUrgent('!');
            joined.peer().send("def");
            joined.peer().finish();
            assertEquals("abc!def", joined.side().receive(7));
            joined.side().assertEnd();
        }
    }

    @Test
    void lastByteMayBeUrgent() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.peer().send("abc");
            joined.peer().sendUrgent('!');
            joined.peer().finish();
            assertEquals("abc!", joined.side().receive(4));
            joined.side().assertEnd();
        }
    }

    @Test
    void urgentByteWithoutAnythingElseComes() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.peer().sendUrgent('!');
            assertEquals("!", joined.side().receive(1));
            joined.peer().sendUrgent('?');
            joined.peer().send("and on");
            assertEquals("?and on", joined.side().receive(7));
            joined.side().send("back");
            assertEquals("back", joined.peer().receive(4));
        }
    }

    @Test
    void urgentBytesOneAfterTheOther() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            StringBuilder sent = new StringBuilder();
            for (char c = 'a'; c <= 'z'; c++) {
                joined.peer().sendUrgent(c);
                sent.append(c);
            }
            joined.peer().finish();
            assertEquals(sent.toString(), joined.side().receive(sent.length()));
            joined.side().assertEnd();
        }
    }

    /** About every thousandth byte is urgent. The stream is longer than pipe and socket hold, and the guest reads it late. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 65_536})
    void urgentBytesInAStreamThatFillsThePipe(int pipeSize) throws Exception {
        int pieces = 300;
        String piece = "0123456789".repeat(100);
        try (Joined joined = Joined.by(
                variant, config -> config.toBuilder().pipeSize(pipeSize).build())) {
            Together.run(
                    () -> {
                        for (int i = 0; i < pieces; i++) {
                            joined.peer().send(piece);
                            joined.peer().sendUrgent('!');
                        }
                        joined.peer().finish();
                    },
                    () -> {
                        Side.await(joined.side().input, POLLIN);
                        for (int i = 0; i < pieces; i++) {
                            assertEquals(piece + "!", joined.side().receive(piece.length() + 1), "piece " + i);
                        }
                        joined.side().assertEnd();
                    });
        }
    }
}
