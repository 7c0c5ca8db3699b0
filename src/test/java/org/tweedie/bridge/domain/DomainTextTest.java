package org.tweedie.bridge.domain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.VpSde;

/** Domains and bases as text, both ways, exact. */
class DomainTextTest {
    private static final double[][] CORNERS = {{0, 0.1}, {1, -1e-7}, {-3, 1e9}};

    /** The text of a domain made by the factories is that of the documentation, and reads as a domain that pulls to the same bits. */
    @Test
    void textIsTheDomain() {
        BridgeDomain domain = BridgeDomain.product(
                BridgeDomain.free(2),
                BridgeDomain.finite(0, 1, 3),
                BridgeDomain.points(CORNERS),
                BridgeDomain.oneHot(3),
                BridgeDomain.halfLine(0),
                BridgeDomain.interval(Double.NEGATIVE_INFINITY, -1.5),
                BridgeDomain.interval(0.1, 0.7).times(3),
                BridgeDomain.oneHot(2).times(2));
        String text = "free:2 x levels:0,1,3 x points:0,0.1;1,-1e-7;-3,1e9 x onehot:3 x above:0 x below:-1.5"
                + " x interval:0.1,0.7^3 x onehot:2^2";
        assertEquals(text, domain.spec());
        BridgeDomain read = BridgeDomain.parse("  " + text.replace(" x ", "   x ") + " ");
        assertEquals(text, read.spec());
        assertEquals(domain.width(), read.width());
        assertEquals(domain.parts().size(), read.parts().size());
        double[] y = new double[domain.width()];
        double[] wanted = new double[y.length];
        double[] got = new double[y.length];
        Words words = Philox.words(5, 1, Purpose.DATA, 0);
        for (int d = 0; d < y.length; d++) {
            y[d] = 2 * words.normal(d % 4) + d;
        }
        domain.pull(y, 0.3, wanted);
        read.pull(y, 0.3, got);
        assertArrayEquals(wanted, got, 0);
        assertArrayEquals(domain.nearest(y), read.nearest(y), 0);
    }

    /** Any numbers, to the bit. */
    @Test
    void numbersAreExact() {
        for (int i = 0; i < 200; i++) {
            Words words = Philox.words(8, i, Purpose.DATA, 0);
            double a = words.normal(0) * StrictMath.pow(10, 8 * words.uniform(2) - 4);
            double b = a + StrictMath.exp(3 * words.normal(1));
            BridgeDomain domain = BridgeDomain.product(BridgeDomain.interval(a, b), BridgeDomain.finite(b, a, -b));
            DomainPart.Interval interval = (DomainPart.Interval)
                    BridgeDomain.parse(domain.spec()).parts().get(0);
            assertEquals(new DomainPart.Interval(a, b), interval);
            assertArrayEquals(
                    new double[][] {{b}, {a}, {-b}},
                    ((DomainPart.Points)
                                    BridgeDomain.parse(domain.spec()).parts().get(1))
                            .points());
            double decay = 50 * words.uniform(3);
            for (Clock clock : List.of(Clock.constant(b - a), Clock.exponential(decay, b - a))) {
                assertEquals(clock, Clock.parse(clock.spec()));
                BridgeBase base = LinearBase.ornsteinUhlenbeck(10 * words.uniform(1) - 5, clock);
                assertEquals(base, BridgeBase.parse(base.spec()));
            }
        }
        assertEquals(LinearBase.brownian(Clock.constant(2)), BridgeBase.parse(" brownian  constant:2 "));
        BridgeBase reversed = new ReversedBase(new VpSde(0.1, 5));
        assertEquals(reversed, BridgeBase.parse(reversed.spec()));
        assertEquals(reversed, BridgeBase.parse("reversed vp:0.1,5"));
    }

    @Test
    void whatCannotBeIsNamed() {
        Map<String, String> faults = new TreeMap<>(Map.of(
                "", "unknown factor ''",
                "levls:0,1", "unknown factor 'levls'; did you mean levels?",
                "free:2;onehot:3", "'2;onehot:3' in 'free:2;onehot:3' is not a whole number",
                "free:2 x ", "unknown factor ''",
                "free", "'' in 'free' is not a whole number",
                "free:0", "1 to 65536 coordinates, got 0",
                "onehot:1", "2 to 65536 categories, got 1",
                "onehot:2147483647", "2 to 65536 categories, got 2147483647",
                "levels:", "1 to 65536 coordinates, got 0"));
        faults.putAll(Map.of(
                "levels:0,,1", "got []",
                "levels:0,1,0", "points of a finite domain differ, got [0.0] twice",
                "levels:0,Infinity", "numbers up to 1e9, got [Infinity]",
                "levels:0;1", "'0;1' in 'levels:0;1' is not a number",
                "points:0,0;1", "one width and numbers up to 1e9, got [1.0]",
                "interval:0", "'interval:0' has 1 numbers; say interval:LEAST,GREATEST",
                "interval:1,0", "from the lesser to the greater, one of them perhaps infinite, got 1.0 to 0.0",
                "above:", "'above:' has 0 numbers; say above:LEAST",
                "below:1,2", "'below:1,2' has 2 numbers; say below:GREATEST"));
        faults.putAll(Map.of(
                "free:1^0", "a factor is there at least once",
                "free:2^-3", "a factor is there at least once",
                "free:1^x", "'x' in 'free:1^x' is not a whole number",
                "free:1^100001", "at most 100000 columns wide, got 'free:1^100001'",
                "free:65536 x free:34465", "got 'free:34465'",
                "onehot:3^2147483647", "at most 100000 columns wide"));
        faults.forEach((text, fault) -> refused(() -> BridgeDomain.parse(text), text, fault));
        assertEquals(100_000, BridgeDomain.parse("free:65536 x free:34464").width());
        assertEquals("above:0^100000", BridgeDomain.parse("above:0^100000").spec());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "brwnian constant:1|unknown base 'brwnian'; did you mean brownian?",
                "brownian|unknown clock ''",
                "brownian constnt:1|unknown clock 'constnt'; did you mean constant?",
                "brownian constant|'constant' has 0 numbers; say constant:VARIANCE",
                "brownian constant:0|rate must be positive",
                "brownian exponential:3|has 1 numbers; say exponential:A,B",
                "brownian exponential:0,1|a and b must be positive",
                "brownian exponential:101,1|decay must be 0 to 100, got 101",
                "ou:21 constant:1|pulls with -20 to 20, got 21",
                "ou:a constant:1|'a' in 'ou:a constant:1' is not a number",
                "reversed cld|carries a velocity beside each row",
                "reversed vpp|unknown process 'vpp'"
            })
    void basesThatCannotBeAreNamed(String textAndFault) {
        String[] part = textAndFault.split("\\|");
        refused(() -> BridgeBase.parse(part[0]), part[0], part[1]);
    }

    private static void refused(Runnable parse, String text, String fault) {
        String message =
                assertThrows(IllegalArgumentException.class, parse::run, text).getMessage();
        assertTrue(message.contains(fault), text + ": " + message);
    }
}
