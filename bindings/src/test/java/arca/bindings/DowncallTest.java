package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import arca.bindings.generated.Linux;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** All functions are linked with one type. It fits each of them: the generated descriptors are the C declarations. */
class DowncallTest {
    /** Functions that jextract does not generate: variadic ones, and those that an older glibc lacks. */
    private static final Set<String> NOT_GENERATED = Set.of(
            "fcntl", "ioctl", "kill", "open", "pidfd_open", "pidfd_send_signal", "prctl", "pread", "waitid", "waitpid");

    private static List<Downcall> linked() throws Exception {
        List<Class<?>> holders = Stream.of(Syscalls.class, Processes.class)
                .flatMap(type -> Arrays.stream(type.getDeclaredClasses()))
                .toList();
        List<Downcall> linked = new ArrayList<>();
        for (Class<?> holder : holders) {
            for (Field field : holder.getDeclaredFields()) {
                if (field.getType() != Downcall.class) continue;
                field.setAccessible(true);
                linked.add((Downcall) field.get(null));
            }
        }
        return linked;
    }

    @TestFactory
    Stream<DynamicTest> functionTakesSixIntegersOrPointersAtMost() throws Exception {
        Stream<Downcall> generated = linked().stream().filter(call -> !NOT_GENERATED.contains(call.name()));
        return generated.map(call -> dynamicTest(call.name(), () -> {
            FunctionDescriptor type = (FunctionDescriptor)
                    Linux.class.getMethod(call.name() + "$descriptor").invoke(null);
            List<MemoryLayout> arguments = type.argumentLayouts();
            assertTrue(arguments.size() <= 6 && arguments.stream().allMatch(DowncallTest::isInteger), type::toString);
            assertEquals(
                    call.returnsInt() ? Integer.BYTES : Long.BYTES,
                    type.returnLayout().orElseThrow().byteSize());
        }));
    }

    private static boolean isInteger(MemoryLayout argument) {
        return argument instanceof ValueLayout.OfInt
                || argument instanceof ValueLayout.OfLong
                || argument instanceof AddressLayout;
    }

    @Test
    void functionIsLinkedOnce() throws Exception {
        Set<String> names = new HashSet<>();
        for (Downcall call : linked()) assertTrue(names.add(call.name()), call.name());
        assertTrue(names.containsAll(NOT_GENERATED) && names.containsAll(Set.of("read", "splice")), names::toString);
    }

    @Test
    void functionThatTheLibraryLacksIsEnosys() {
        assertEquals(-Errno.ENOSYS, Downcall.ofInt("arca_no_such_call").call(1, 0, 0));
        assertEquals(-Errno.ENOSYS, Downcall.ofLong("arca_no_such_call").call(1, 0, 0));
    }
}
