package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The package arca.control depends on the JDK alone, and on no part of it that does I/O. */
class LayersTest {
    private static final Pattern CLASS = Pattern.compile("\\b(?:arca|java|javax|jdk|sun|com|org)(?:/\\w+)+/");
    private static final Set<String> ALLOWED = Set.of(
            "arca/control/",
            "java/lang/",
            "java/lang/foreign/",
            "java/lang/invoke/",
            "java/lang/runtime/",
            "java/nio/",
            "java/util/",
            "java/util/concurrent/",
            "java/util/concurrent/atomic/",
            "java/util/function/");

    @Test
    void packageControlDependsOnTheJdkAloneAndDoesNoIo() throws Exception {
        Path classes =
                Path.of(Request.class.getResource("Request.class").toURI()).getParent();
        Set<String> used = new TreeSet<>();
        int looked = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(classes, "*.class")) {
            for (Path file : files) {
                collect(file, used);
                looked++;
            }
        }
        assertTrue(looked > 20, "classes of the package: " + looked);
        assertTrue(used.contains("java/lang/foreign/"), "a package that must be found");
        used.removeAll(ALLOWED);
        assertEquals(Set.of(), used);
    }

    /** Adds the packages of all classes that a class file names: those it uses, and those in descriptors and signatures. */
    private static void collect(Path file, Set<String> packages) throws Exception {
        for (var entry : ClassFile.of().parse(file).constantPool()) {
            String text = switch (entry) {
                case ClassEntry used -> used.asInternalName();
                case Utf8Entry name -> name.stringValue();
                default -> "";
            };
            Matcher names = CLASS.matcher(text);
            while (names.find()) packages.add(names.group());
        }
    }
}
