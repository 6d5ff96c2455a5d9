package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import arca.testkit.ChildJvm;
import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares the generated bindings with this machine's headers: every constant, size and offset in
 * {@code native/includes.txt}. The C compiler computes the values. The test reads them in the assembler's text, and runs
 * no C code.
 */
class HeadersTest {
    private static final Path NATIVE = Path.of("..", "native");
    private static final String GENERATED = "arca.bindings.generated.";

    /** Constants that the oldest supported headers lack; linux.h defines them there. */
    private static final Set<String> MAY_BE_MISSING = Set.of("SO_PASSRIGHTS", "SO_PEERPIDFD");

    @TestFactory
    Stream<DynamicTest> everySymbolMatchesTheHeaders() throws Exception {
        List<String[]> includes = includes();
        Map<String, Long> generated = new LinkedHashMap<>(); // C expression to jextract's value
        for (String[] include : includes) {
            switch (include[0]) {
                case "constant" -> generated.put(include[1], constant(include[1]));
                case "struct", "union" -> generated.putAll(layout(include[0], include[1]));
                case "function" -> Class.forName(GENERATED + "Linux").getMethod(include[1] + "$descriptor");
                default -> fail("unknown kind of include: " + include[0]);
            }
        }
        Map<String, Long> headers = evaluate(generated.keySet());
        return generated.entrySet().stream()
                .map(symbol -> dynamicTest(symbol.getKey(), () -> {
                    Long value = headers.get(symbol.getKey());
                    Assumptions.assumeTrue(
                            value != null || !MAY_BE_MISSING.contains(symbol.getKey()),
                            symbol.getKey() + " is not in these headers");
                    assertEquals(value, symbol.getValue(), () -> symbol.getKey() + " in the headers, and generated");
                }));
    }

    private static List<String[]> includes() throws IOException {
        return Files.readAllLines(NATIVE.resolve("includes.txt")).stream()
                .map(line -> line.substring("--include-".length()).split(" "))
                .toList();
    }

    private static long constant(String name) throws ReflectiveOperationException {
        return ((Number) Class.forName(GENERATED + "Linux").getMethod(name).invoke(null)).longValue();
    }

    private static Map<String, Long> layout(String kind, String name) throws ReflectiveOperationException {
        GroupLayout layout = (GroupLayout)
                Class.forName(GENERATED + name).getMethod("layout").invoke(null);
        String type = kind + " " + name;
        Map<String, Long> expressions = new LinkedHashMap<>();
        expressions.put("sizeof(" + type + ")", layout.byteSize());
        for (MemoryLayout member : layout.memberLayouts()) {
            String field = member.name().orElse("");
            if (field.isEmpty() || member.byteSize() == 0) continue; // padding, flexible array members
            expressions.put(
                    "offsetof(" + type + ", " + field + ")", layout.byteOffset(PathElement.groupElement(field)));
            expressions.put("sizeof(((" + type + " *)0)->" + field + ")", member.byteSize());
        }
        return expressions;
    }

    /** Returns the compiler's value of each expression. A macro that the system's headers lack has none. */
    private static Map<String, Long> evaluate(Set<String> expressions) throws Exception {
        String compiler = compiler();
        Path folder = Files.createTempDirectory("arca-headers");
        try {
            List<String> asked = new ArrayList<>(expressions);
            Path source = folder.resolve("ask.c");
            Files.writeString(source, source(asked));
            List<String> output = run(compiler, "-I", NATIVE.toString(), "-S", "-o", "-", source.toString());
            return answers(asked, output);
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) Files.delete(file);
            }
            Files.delete(folder);
        }
    }

    private static String compiler() throws Exception {
        for (String name : new String[] {"cc", "gcc", "clang"}) {
            for (String folder : System.getenv("PATH").split(":")) {
                if (Files.isExecutable(Path.of(folder, name))) return name;
            }
        }
        Assumptions.abort("no C compiler on this machine, so its headers cannot be read");
        throw new AssertionError();
    }

    /** Returns a C program whose assembler text has a line {@code @@ index present value} for each expression. */
    private static String source(List<String> asked) {
        StringBuilder c = new StringBuilder();
        // Before linux.h, which would define them: does the system define them?
        c.append("#define _GNU_SOURCE\n#include <sys/socket.h>\n");
        for (String name : MAY_BE_MISSING) {
            c.append("#ifdef ")
                    .append(name)
                    .append("\nenum { has_")
                    .append(name)
                    .append(" = 1 };\n#else\n");
            c.append("enum { has_").append(name).append(" = 0 };\n#endif\n");
        }
        c.append("#define ucred arca_own_ucred\n#include \"linux.h\"\n#undef ucred\n#include <stddef.h>\n");
        c.append("void ask(void) {\n");
        for (int i = 0; i < asked.size(); i++) {
            String expression = asked.get(i);
            String present = MAY_BE_MISSING.contains(expression) ? "has_" + expression : "1";
            c.append("    __asm__ volatile(\"@@ ")
                    .append(i)
                    .append(" %c0 %c1\" : : \"i\"(")
                    .append(present);
            c.append("), \"i\"((int)(").append(expression).append(")));\n");
        }
        return c.append("}\n").toString();
    }

    private static Map<String, Long> answers(List<String> asked, List<String> output) {
        Map<String, Long> answers = new TreeMap<>();
        int seen = 0;
        for (String line : output) {
            int mark = line.indexOf("@@ ");
            if (mark < 0) continue;
            String[] parts = line.substring(mark).strip().split("\\s+");
            seen++;
            if (parts[2].equals("1")) answers.put(asked.get(Integer.parseInt(parts[1])), Long.parseLong(parts[3]));
        }
        assertEquals(asked.size(), seen, "every expression has an answer");
        return answers;
    }

    private static List<String> run(String... command) throws Exception {
        ChildJvm.Result result = ChildJvm.run(List.of(command));
        assertEquals(0, result.status(), result.output());
        assertTrue(!result.output().isEmpty());
        return result.output().lines().toList();
    }
}
