package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.KernelEntry.Parameter;

/** A launch passes raw bytes, so what Java declares of a kernel must be what its CUDA source declares: name, count, types, order. */
@Tag("checkout")
class KernelSignatureTest {
    private static final Path KERNELS = Path.of("kernels");

    @TestFactory
    Stream<DynamicTest> everyDeclaredEntryHasItsSource() throws Exception {
        Map<String, List<Parameter>> cuda = inSources();
        List<DeclaredEntries.Declared> java = DeclaredEntries.all();
        assertFalse(java.isEmpty(), "no KernelEntry found in org.tweedie.kernels");
        return java.stream()
                .map(one ->
                        DynamicTest.dynamicTest(one.field() + " " + one.entry().name(), () -> {
                            assertTrue(
                                    cuda.containsKey(one.entry().name()),
                                    () -> one.field() + " names " + one.entry().name()
                                            + ", which no .cu under kernels/ defines");
                            assertEquals(
                                    cuda.get(one.entry().name()),
                                    one.entry().parameters(),
                                    one.field() + " and the CUDA source differ");
                        }));
    }

    @Test
    void everySourceEntryIsDeclared() throws Exception {
        TreeSet<String> undeclared = new TreeSet<>(inSources().keySet());
        DeclaredEntries.all().forEach(one -> undeclared.remove(one.entry().name()));
        assertTrue(undeclared.isEmpty(), "no KernelEntry in org.tweedie.kernels for " + undeclared);
    }

    @Test
    void readsWhatASourceDeclares() {
        CudaSource source = new CudaSource(Path.of("x.cu"), """
                // extern "C" __global__ void not_me(int32_t a) {}
                /* extern "C" __global__ void nor_me(int32_t a) {} */
                extern "C" __global__ void __launch_bounds__(256, 2)
                one_f32(float* __restrict__ x, const float *const y /* rows, width */, const RowSet* rows,
                        int32_t width, const int64_t stride, uint64_t seed, float a, double b) { }
                extern "C" __global__ void two(void* p) { }
                """);
        assertEquals(
                Map.of(
                        "one_f32",
                        List.of(
                                Parameter.POINTER,
                                Parameter.POINTER,
                                Parameter.POINTER,
                                Parameter.I32,
                                Parameter.I64,
                                Parameter.I64,
                                Parameter.F32,
                                Parameter.F64),
                        "two",
                        List.of(Parameter.POINTER)),
                source.entries());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "extern \"C\" __global__ void k(RowSet rows) {}",
                "extern \"C\" __global__ void k(int n) {}",
                "extern \"C\" __global__ void k(unsigned n) {}",
                "extern \"C\" __global__ void k(float) {}\n__global__ void hidden() {}",
                "#define K(n) extern \"C\" __global__ void n(float* x)\nK(a) {}\nK(b) {}",
                "extern \"C\" __global__ void k(float x) {}\nextern \"C\" __global__ void k(float x) {}"
            })
    void refusesWhatItCannotCheck(String text) {
        assertThrows(IllegalArgumentException.class, () -> new CudaSource(Path.of("x.cu"), text).entries());
    }

    private static Map<String, List<Parameter>> inSources() throws Exception {
        Map<String, List<Parameter>> all = new TreeMap<>();
        for (CudaSource source : CudaSource.below(KERNELS)) {
            source.entries()
                    .forEach((name, parameters) ->
                            assertNull(all.put(name, parameters), name + " is defined in two files"));
        }
        return all;
    }
}
