package arca.monitor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In a JVM with the collector that ./arca chooses. */
class HeapTest {
    private static final int ALIVE = 8; // MiB
    private static final int DEAD = 12; // MiB, each time
    private static final int TIMES = 16;

    private static List<byte[]> blocks(int count) {
        List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) blocks.add(new byte[1 << 20]);
        return blocks;
    }

    /** Prints how many MiB there are once much has lived for a while and died; looks after them if there is an argument. */
    public static void main(String[] arguments) {
        Heap heap = new Heap();
        List<byte[]> alive = blocks(ALIVE);
        for (int i = 0; i < TIMES; i++) {
            blocks(DEAD);
            if (arguments.length > 0) heap.tidy();
        }
        System.out.println(Heap.used() >> 20);
        alive.clear();
    }

    private static int mebibytesOf(String... arguments) throws IOException, InterruptedException {
        List<String> options = new ArrayList<>(List.of("-Xms16m", "-Xmx512m"));
        options.addAll(ChildJvm.sameClasses());
        ChildJvm.Result result = ChildJvm.run(ChildJvm.command(options, HeapTest.class, arguments));
        assertEquals(0, result.status(), result::output);
        return Integer.parseInt(result.output().strip());
    }

    @Test
    void whatNobodyNeedsGoesOnceThereIsMuchMoreThanWhatIsAlive() throws Exception {
        int untidy = mebibytesOf();
        int tidy = mebibytesOf("tidy");
        assertTrue(untidy > 100, () -> untidy + " MiB, and no need of a Heap");
        assertTrue(tidy <= 3 * ALIVE + DEAD, () -> tidy + " MiB");
    }
}
