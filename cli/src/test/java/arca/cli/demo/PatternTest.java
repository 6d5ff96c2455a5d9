package arca.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PatternTest {
    private static final int SIZE = 1_000_000; // several buffers, and a part of one

    private static byte[] sent(int size) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Pattern.send(Channels.newChannel(bytes), size);
        return bytes.toByteArray();
    }

    private static long receive(byte[] bytes) throws IOException {
        return Pattern.receive(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 262_144, 262_152, SIZE})
    void whatWasSentIsRight(int size) throws IOException {
        byte[] bytes = sent(size);
        assertEquals(size, bytes.length);
        assertEquals(size, receive(bytes));
    }

    @Test
    void everyPartIsCountedOnce() throws IOException {
        AtomicLong sent = new AtomicLong();
        AtomicLong received = new AtomicLong();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Pattern.send(Channels.newChannel(bytes), SIZE, sent::addAndGet);
        Pattern.receive(Channels.newChannel(new ByteArrayInputStream(bytes.toByteArray())), received::addAndGet);
        assertEquals(SIZE, sent.get());
        assertEquals(SIZE, received.get());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 262_143, 262_144, 500_001, SIZE - 1})
    void oneWrongBitIsFound(int at) throws IOException {
        assertFound(bytes -> bytes[at] ^= 0x10);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 262_144, 500_000})
    void partsThatChangedPlacesAreFound(int at) throws IOException {
        assertFound(bytes -> {
            for (int i = at; i < at + 8; i++) {
                byte swapped = bytes[i];
                bytes[i] = bytes[i + 8];
                bytes[i + 8] = swapped;
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 262_144, 700_007})
    void lostByteIsFound(int at) throws IOException {
        byte[] bytes = sent(SIZE);
        System.arraycopy(bytes, at + 1, bytes, at, SIZE - at - 1);
        assertThrows(IOException.class, () -> receive(Arrays.copyOf(bytes, SIZE - 1)));
    }

    private static void assertFound(Consumer<byte[]> damage) throws IOException {
        byte[] bytes = sent(SIZE);
        damage.accept(bytes);
        IOException found = assertThrows(IOException.class, () -> receive(bytes));
        assertTrue(found.getMessage().startsWith("received a wrong byte, "), found.getMessage());
    }
}
