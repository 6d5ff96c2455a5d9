package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
    /** Uses the bindings once. */
    static final class FirstUse {
        private FirstUse() {}

        public static void main(String[] args) throws ErrnoException {
            Pipe.open(0).close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "os.name, Plan 9, Plan 9 on amd64",
        "os.arch, riscv64, Linux on riscv64",
        "os.name, Mac OS X, Mac OS X on amd64"
    })
    void firstUseOnAnotherPlatformNamesTheSupportedOnes(String property, String value, String named) throws Exception {
        List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
        command.add("-D" + property + "=" + value);
        command.addAll(ChildJvm.sameClasses());
        command.add(FirstUse.class.getName());
        ChildJvm.Result child = ChildJvm.run(command);
        String sentence = "arca.bindings runs on Linux on x86-64 or aarch64, not on " + named.replace("amd64", arch());
        assertTrue(child.output().contains(sentence), child.output());
        assertNotEquals(0, child.status());
    }

    private static String arch() {
        return System.getProperty("os.arch");
    }
}
