package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeapTest {
    private static final long MIB = 1 << 20;

    private long used;
    private long alive;
    private int collections;

    private final Heap heap = new Heap(() -> used, () -> {
        collections++;
        used = alive;
    });

    private int collectionsWith(long mebibytes) {
        used = mebibytes * MIB;
        heap.tidy();
        return collections;
    }

    @Test
    void smallHeapIsLeftAlone() {
        assertEquals(0, collectionsWith(24));
        assertEquals(1, collectionsWith(25));
    }

    @Test
    void heapIsCollectedOnceItHoldsThreeTimesWhatWasAlive() {
        alive = 20 * MIB;
        assertEquals(1, collectionsWith(25));
        assertEquals(1, collectionsWith(60));
        alive = 1 * MIB;
        assertEquals(2, collectionsWith(61));
        assertEquals(2, collectionsWith(24), "and that is the least");
        assertEquals(3, collectionsWith(25));
    }

    /** In a JVM with the collector that ./arca chooses. */
    static final class Child {
        private static final int DEAD = 64;

        private Child() {}

        /** Prints how many MiB there are before and after, when nobody needs most of them. */
        public static void main(String[] arguments) {
            List<byte[]> blocks = new ArrayList<>();
            for (int i = 0; i < DEAD; i++) blocks.add(new byte[(int) MIB]);
            blocks.clear();
            System.out.println(Heap.used() / MIB);
            new Heap().tidy();
            System.out.println(Heap.used() / MIB);
        }
    }

    @Test
    void whatNobodyNeedsIsGoneAfterACollection() throws Exception {
        List<String> options = new ArrayList<>(List.of("-Xms16m", "-Xmx512m"));
        options.addAll(ChildJvm.sameClasses());
        ChildJvm.Result result = ChildJvm.run(ChildJvm.command(options, Child.class));
        assertEquals(0, result.status(), result::output);
        List<Integer> mebibytes = result.output().lines().map(Integer::valueOf).toList();
        assertTrue(mebibytes.get(0) >= Child.DEAD, mebibytes::toString);
        assertTrue(mebibytes.get(1) < Child.DEAD / 2, mebibytes::toString);
    }
}
