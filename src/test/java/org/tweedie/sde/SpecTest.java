package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.tweedie.sde.MethodContractTest.assertSays;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One spelling, both ways. */
class SpecTest {
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void processesAreReadAsTheyArePrinted(Sde sde) {
        assertEquals(sde, ProcessSpec.parse(sde.spec()));
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.sde.MethodList#all")
    void methodsAreReadAsTheyArePrinted(Method method) {
        assertEquals(method, MethodSpec.method(method.spec()));
        for (GridShape shape : GridShape.values()) {
            MethodSpec spec = new MethodSpec(method, 17, shape);
            assertEquals(spec, MethodSpec.parse(spec.spec()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vp:0.1,20",
                "ve:0.01,50",
                "subvp:0.1,20",
                "vp-cosine",
                "ve-exact:0.01,50",
                "vp:0.1,20,1e-5",
                "vp-cosine:1e-4"
            })
    void canonicalProcessesStay(String spec) {
        assertEquals(spec, ProcessSpec.parse(spec).spec());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "em@1000",
                "ddim:0@50",
                "heun@18",
                "dpm2m@20",
                "pc:0.16@500",
                "dpm2m@20,karras",
                "pc:0.16,2@9",
                "pc:0.16,1,ddim:1@9",
                "edm:40,0.05,50,1.003@18",
                "unipc:2@10",
                "unip:3,h@10",
                "lambda:-0.5@500",
                "ald:100,0.2@10",
                "ula:1000,0.01@1",
                "rk23:0.01@200",
                "ggf:0.02@500",
                "ggf:0.02,0.005@500",
                "rk45:0.001,1e-5@200",
                "mala:1000,0.01@1",
                "pc-own:0.16@500",
                "pc-own:0.16,2,em@500"
            })
    void canonicalMethodsStay(String spec) {
        assertEquals(spec, MethodSpec.parse(spec).spec());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vp | vp:0.1,20",
                "ve | ve:0.01,50",
                "vp:0.10,2e1 | vp:0.1,20",
                "subvp | subvp:0.1,20",
                "ve-exact | ve-exact:0.01,50"
            })
    void whatIsLeftOutIsUsual(String spec, String printed) {
        assertEquals(printed, ProcessSpec.parse(spec).spec());
        assertEquals(printed, ProcessSpec.parse(" " + spec + " ").spec());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hein@18 | unknown method 'hein'; did you mean heun?",
                "ddmi:0@5 | did you mean ddim?",
                "quantum@5 | known: em, rd, ancestral",
                "em | says no steps; write em@100",
                "em@many | 'many' in 'em@many' is not a whole number",
                "em@0 | steps must be positive, got 0",
                "em@-5 | steps must be positive, got -5",
                "em@10,karas | unknown grid 'karas'; did you mean karras?",
                "em@10,karras,1 | more than steps and a grid",
                "em:1@10 | has 1 numbers; say em",
                "ddim:x@10 | 'x' in 'ddim:x' is not a number",
                "ddim:2@10 | eta must lie between 0 and 1, got 2.0",
                "ddim:@10 | has 0 numbers; say ddim or ddim:ETA",
                "pc@10 | has 0 numbers; say pc:RATIO",
                "pc:0.1,1.5@10 | '1.5' in 'pc:0.1,1.5' is not a whole number",
                "pc:0.1,1,heun@10 | 'heun' cannot be a predictor",
                "unipc:4@10 | order of UniPC must be 1, 2 or 3, got 4",
                "unipc:2,b1@10 | unknown base B(h) 'b1'",
                "lambda@10 | has 0 numbers; say lambda:LAMBDA",
                "lambda:2@10 | lambda must be at most 1, got 2.0",
                "edm:1,2@10 | has 2 numbers; say edm:CHURN",
                "edm:NaN@10 | 'NaN' in 'edm:NaN' is not a number",
                "mala:5@1 | has 1 numbers; say mala:ITERATIONS,STEP",
                "pc-own@10 | has 0 numbers; say pc-own:RATIO, pc-own:RATIO,CORRECTIONS or",
                "ald:5@10 | has 1 numbers; say ald",
            })
    void badMethodsAreNamed(String spec, String message) {
        assertSays(message, () -> MethodSpec.parse(spec));
    }

    /** A plan holds each of its updates; so many of them would fill any heap. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "em@2000000000 | 2000000000 steps are too many",
                "dpm2m@1000001 | 1000001 steps are too many: a plan holds each of them, and at most 1000000",
                "pc:0.16,2147483647@500 | 1073741823500 steps are too many",
                "ula:2147483647,0.2@1 | 2147483647 steps are too many",
                "ald:2147483647,0.2@3 | 6442450941 steps are too many",
            })
    void plansThatFitNoMemoryAreRefused(String spec, String message) {
        MethodSpec method = MethodSpec.parse(spec);
        assertSays(message, () -> method.plan(new VpSde()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vpp | unknown process 'vpp'; did you mean vp?",
                "vp:0.1 | 'vp:0.1' has 1 numbers; say vp, vp:A,B or vp:A,B,CUTOFF",
                "vp:0.1,20,1e-5,7 | has 4 numbers",
                "vp: | ends with a colon",
                "vp:0.1, | '' in 'vp:0.1,' is not a number",
                "vp:20,0.1 | 0 < first <= last, got 20.0 and 0.1",
                "vp:0.1,Infinity | 0 < first <= last",
                "vp:0.1,20,2 | cutoff must lie between 0 and the horizon 1.0, got 2.0",
                "ve:0,50 | 0 < least < most, got 0.0 and 50.0",
                "vp-cosine:1,2 | say vp-cosine or vp-cosine:CUTOFF",
                "vp:1f,20d | is not a number",
            })
    void badProcessesAreNamed(String spec, String message) {
        assertSays(message, () -> ProcessSpec.parse(spec));
    }
}
