package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.generated.Linux;
import arca.bindings.generated.aarch64.LinuxAarch64;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConstantsTest {
    static Stream<Field> constants() {
        return Stream.of(Constants.class, Errno.class)
                .flatMap(type -> Arrays.stream(type.getDeclaredFields()))
                .filter(field -> Modifier.isPublic(field.getModifiers()))
                .filter(field -> !Set.of("O_DIRECT", "O_NOFOLLOW").contains(field.getName()));
    }

    @ParameterizedTest
    @MethodSource("constants")
    void constantEqualsTheGeneratedOne(Field constant) throws Exception {
        assertEquals(Linux.class.getMethod(constant.getName()).invoke(null), constant.get(null));
    }

    @Test
    void flagsDependOnTheArchitecture() {
        assertEquals(Linkage.AARCH64 ? LinuxAarch64.O_DIRECT() : Linux.O_DIRECT(), Constants.O_DIRECT);
        assertEquals(0x4000, Linux.O_DIRECT());
        assertEquals(0x10000, LinuxAarch64.O_DIRECT());
        assertEquals(Linkage.AARCH64 ? LinuxAarch64.O_NOFOLLOW() : Linux.O_NOFOLLOW(), Constants.O_NOFOLLOW);
        assertEquals(0x20000, Linux.O_NOFOLLOW());
        assertEquals(0x8000, LinuxAarch64.O_NOFOLLOW());
    }

    @Test
    void epollEventIsPackedOnlyOnX86() {
        assertEquals(12, arca.bindings.generated.epoll_event.sizeof());
        assertEquals(16, arca.bindings.generated.aarch64.epoll_event.sizeof());
        assertEquals(Linkage.AARCH64 ? 16 : 12, Epoll.EVENT_SIZE);
    }
}
