package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.Monitor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.lang.module.ModuleReader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The monitor's library names no option of {@code arca}: an embedder has other names for the settings. */
class FlagsTest {
    private static final List<String> OPTIONS = Main.commandLine().getSubcommands().values().stream()
            .map(CommandLine::getCommandSpec)
            .flatMap(command -> command.options().stream())
            .flatMap(option -> Stream.of(option.names()))
            .filter(name -> name.startsWith("--"))
            .distinct()
            .toList();

    @Test
    void libraryNamesNoOption() throws Exception {
        assertTrue(OPTIONS.contains("--allow-connect") && OPTIONS.contains("--max-guests"), OPTIONS::toString);
        List<String> found = new ArrayList<>();
        int constants = 0;
        try (ModuleReader reader = Monitor.class
                .getModule()
                .getLayer()
                .configuration()
                .findModule("arca.monitor")
                .orElseThrow()
                .reference()
                .open()) {
            for (String name :
                    reader.list().filter(name -> name.endsWith(".class")).toList()) {
                for (String constant : constants(reader, name)) {
                    constants++;
                    if (OPTIONS.stream().anyMatch(constant::contains)) found.add(name + ": " + constant);
                }
            }
        }
        assertTrue(constants > 100, "constants: " + constants);
        assertEquals(List.of(), found);
    }

    /** Returns the string constants of a class, including those that are parts of concatenations. */
    private static List<String> constants(ModuleReader reader, String name) throws IOException {
        List<String> constants = new ArrayList<>();
        try (InputStream file = reader.open(name).orElseThrow()) {
            for (var entry : ClassFile.of().parse(file.readAllBytes()).constantPool()) {
                if (entry instanceof StringEntry constant) constants.add(constant.stringValue());
            }
        }
        return constants;
    }
}
