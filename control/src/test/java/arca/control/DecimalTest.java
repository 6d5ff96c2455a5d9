package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalTest {
    private static final int MAX = 65535;

    @ParameterizedTest
    @CsvSource({"0, 0", "7, 7", "10, 10", "65535, 65535"})
    void digitsAreTheNumber(String digits, int number) {
        assertEquals(number, Decimal.parse(digits, MAX));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                " 1",
                "1 ",
                "1\n",
                "00",
                "01",
                "-0",
                "-1",
                "+1",
                "1.",
                "1,000",
                "1_000",
                "1e2",
                "0x1",
                "ten",
                "65536",
                "99999",
                "100000",
                "4294967296",
                "18446744073709551617",
                "\u0661",
                "\uff11"
            })
    void anythingElseIsRefused(String text) {
        Exception refused = assertThrows(IllegalArgumentException.class, () -> Decimal.parse(text, MAX));
        assertEquals("\"" + text + "\" is not a number from 0 to 65535", refused.getMessage());
    }

    @Test
    void largestNumberIsTheCallers() {
        assertEquals(32, Decimal.parse("32", 32));
        Exception refused = assertThrows(IllegalArgumentException.class, () -> Decimal.parse("33", 32));
        assertEquals("\"33\" is not a number from 0 to 32", refused.getMessage());
        assertEquals(0, Decimal.parse("0", 0));
        assertThrows(IllegalArgumentException.class, () -> Decimal.parse("1", 0));
    }
}
