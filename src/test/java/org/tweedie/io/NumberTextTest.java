package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumberTextTest {
    private final NumberText number = new NumberText();

    private static String text(float value) {
        StringBuilder out = new StringBuilder();
        NumberText.append(out, value);
        return out.toString();
    }

    private NumberText.Kind parse(String text) {
        return number.parse(("ab" + text + "c").toCharArray(), 2, text.length());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, -0",
        "1, 1",
        "-2.5, -2.5",
        "0.1, 0.1",
        "0.30000001, 0.3",
        "16777216, 16777216e0",
        "9999999, 9999999",
        "1e7, 1e7",
        "1.5e10, 1.5e10",
        "0.0001, 0.0001",
        "0.00012345679, 0.00012345679",
        "0.00001, 1e-5",
        "1.4e-45, 1e-45",
        "3.4028235e38, 3.4028235e38",
        "1.17549435e-38, 1.1754944e-38",
        "33554432, 3.3554432e7",
        "2.0e-3, 0.002",
        "8.41e21, 8.41e21",
        "2.25e-30, 2.25e-30",
        "1.0000001, 1.0000001",
        "123456.79, 123456.79"
    })
    void spellsFloatsShortly(String value, String expected) {
        assertEquals(expected.equals("16777216e0") ? "1.6777216e7" : expected, text(Float.parseFloat(value)));
    }

    @Test
    void spellsWhatIsNoNumber() {
        assertEquals("nan", text(Float.NaN));
        assertEquals("inf", text(Float.POSITIVE_INFINITY));
        assertEquals("-inf", text(Float.NEGATIVE_INFINITY));
    }

    /** Every written float reads back to the same bits, and no decimal with a digit less does. */
    @Test
    void writtenFloatsAreShortestAndComeBack() {
        Random random = new Random(11);
        for (int trial = 0; trial < 80_000; trial++) {
            float value = switch (trial % 4) {
                case 0 -> Float.intBitsToFloat(random.nextInt());
                case 1 -> (float) random.nextGaussian();
                case 2 -> Float.intBitsToFloat((1 + random.nextInt(253)) << 23); // powers of two: lopsided neighbours
                default -> random.nextInt(100_000) / 1000f;
            };
            if (Float.isFinite(value)) {
                check(value, trial % 10 == 0 || trial % 4 == 2);
            }
        }
    }

    private void check(float value, boolean shortest) {
        String text = text(value);
        assertEquals(Float.floatToRawIntBits(value), Float.floatToRawIntBits(Float.parseFloat(text)), text);
        assertEquals(NumberText.Kind.NUMBER, parse(text));
        assertEquals(Float.floatToRawIntBits(value), Float.floatToRawIntBits(number.value()), text);
        int digits = text.replaceAll("e.*", "")
                .replaceAll("[-.]", "")
                .replaceAll("^0+|0+$", "")
                .length();
        if (shortest && value != 0 && digits > 1) {
            BigDecimal exact = new BigDecimal(value);
            for (RoundingMode mode : new RoundingMode[] {RoundingMode.DOWN, RoundingMode.UP}) {
                String fewer = exact.round(new MathContext(digits - 1, mode)).toString();
                assertTrue(Float.parseFloat(fewer) != value, text + " could be " + fewer);
            }
        }
    }

    /** Correct rounding, also where the nearest double lies midway between two floats. */
    @Test
    void readsAsTheJdkDoes() {
        Random random = new Random(12);
        for (int trial = 0; trial < 100_000; trial++) {
            String text;
            switch (trial % 5) {
                case 0 -> text = Double.toString(random.nextGaussian());
                case 1 -> text = random.nextLong() + "e" + (random.nextInt(100) - 60);
                case 2 -> text = random.nextInt(1000) + "." + random.nextInt(1_000_000);
                case 3 -> { // the middle between a float and the next, and a hair beside it
                    float low = Math.abs(Float.intBitsToFloat(random.nextInt() & 0x7fffffff) % 1e9f);
                    BigDecimal middle = Float.isFinite(low)
                            ? new BigDecimal(low)
                                    .add(new BigDecimal(Math.nextUp(low)))
                                    .divide(BigDecimal.valueOf(2))
                            : BigDecimal.ONE;
                    BigDecimal hair = middle.ulp().multiply(BigDecimal.valueOf(random.nextInt(3) - 1));
                    text = middle.add(hair).toString();
                }
                default ->
                    text = "1677721" + random.nextInt(100) + ".0" + "0".repeat(random.nextInt(12)) + random.nextInt(2);
            }
            NumberText.Kind kind = parse(text);
            float expected = Float.parseFloat(text);
            if (Float.isInfinite(expected)) {
                assertEquals(NumberText.Kind.TOO_LARGE, kind, text);
            } else {
                assertEquals(NumberText.Kind.NUMBER, kind, text);
                assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(number.value()), text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"1", " 1", "1\t", "+1", "1.", "01", "1e0", "1E+0", "10e-1", ".1e1", "0.0000000000000000000001e22"
            })
    void readsOne(String text) {
        assertEquals(NumberText.Kind.NUMBER, parse(text));
        assertEquals(1f, number.value());
    }

    @Test
    void minusZeroAndUnderflowKeepTheirSign() {
        parse("-0");
        assertEquals(0x80000000, Float.floatToRawIntBits(number.value()));
        parse("-1e-99999999999");
        assertEquals(0x80000000, Float.floatToRawIntBits(number.value()));
        parse("0e99999999999");
        assertEquals(0, Float.floatToRawIntBits(number.value()));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "``, EMPTY",
                "`  `, EMPTY",
                "nan, NAN",
                "-NaN, NAN",
                "Infinity, INFINITE",
                "-inf, INFINITE",
                "1e39, TOO_LARGE",
                "-1e99999999999, TOO_LARGE",
                "1f, TEXT",
                "0x10, TEXT",
                "1 2, TEXT",
                "1e, TEXT",
                "1e+, TEXT",
                "e5, TEXT",
                "., TEXT",
                "-, TEXT",
                "1.2.3, TEXT",
                "1_000, TEXT",
                "--1, TEXT",
                "١, TEXT",
                "1e5.5, TEXT",
                "NA, TEXT",
                "infinite, TEXT"
            })
    void tellsKindsApart(String text, NumberText.Kind kind) {
        assertEquals(kind, parse(text));
    }
}
