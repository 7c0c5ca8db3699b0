package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasStatus;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;
import jcuda.jcurand.curandStatus;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.distribution.UniformContinuousDistribution;
import org.apache.commons.statistics.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;
import org.tweedie.device.Graph;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.device.cuda.Cublas.Matrix;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** The wrappers of cuBLAS and cuRAND on stand-ins that must be there: answers, order in the stream, faults. */
@GpuTest
@Tag("emulator")
class EmulatedToolkitTest {
    /** Read by a product, and too large for no result: 2 x 2 matrices of small integers. */
    private static final float[] A = {1, 2, 3, 4};

    private static final float[] B = {5, 6, 7, 8};
    private static final float[] AB = {19, 22, 43, 50};

    private long calls;

    @BeforeEach
    void needsThem() {
        EmulatedDriver.required();
        assertEquals(Optional.empty(), Cublas.unavailable());
        assertEquals(Optional.empty(), Curand.unavailable());
        calls = EmulatedDriver.stat("calls");
    }

    @AfterEach
    void reset() {
        if (EmulatedDriver.present()) {
            EmulatedDriver.reset();
            assertTrue(EmulatedDriver.stat("calls") > calls, "the emulated GPU was not called");
        }
    }

    private static Device open() {
        return TestDevices.open(TestDevices.specs().get(1));
    }

    private static DeviceBuffer floats(Stream stream, float... values) {
        DeviceBuffer buffer = stream.device().allocate(Element.F32, values.length);
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    private static float[] read(Stream stream, DeviceBuffer buffer) {
        float[] values = new float[(int) buffer.count()];
        stream.download(buffer, 0, values, 0, values.length);
        return values;
    }

    private static short half(float small, Element type) {
        int bits = Float.floatToRawIntBits(small);
        // small integers: exact in both types
        return type == Element.BF16
                ? (short) (bits >> 16)
                : small == 0
                        ? 0
                        : (short) (bits >> 16 & 0x8000 | Math.getExponent(small) + 15 << 10 | bits >> 13 & 0x3FF);
    }

    /** Operands and results of 16 bits, in the middle of their buffers and with gaps between rows; beta 0 reads no result. */
    @ParameterizedTest
    @EnumSource(
            value = Element.class,
            names = {"F16", "BF16"})
    void productsOfHalves(Element type) {
        int m = 3;
        int n = 5;
        int k = 4;
        int gap = 2;
        short[] a = new short[1 + m * (k + gap)];
        short[] b = new short[k * n];
        float[] expected = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                a[1 + i * (k + gap) + p] = half(i - p, type);
                for (int j = 0; j < n; j++) {
                    b[p * n + j] = half(p + 2 * j - 3, type);
                    expected[i * n + j] += (i - p) * (p + 2 * j - 3);
                }
            }
        }
        try (Device device = open();
                Stream stream = device.stream();
                DeviceBuffer left = device.allocate(type, a.length);
                DeviceBuffer right = device.allocate(type, b.length);
                DeviceBuffer wide = device.allocate(Element.F32, m * n);
                DeviceBuffer narrow = device.allocate(type, m * n);
                Cublas cublas = Cublas.on(stream)) {
            stream.upload(a, 0, left, 0, a.length);
            stream.upload(b, 0, right, 0, b.length);
            Matrix x = new Matrix(left, 1, m, k, k + gap, false);
            cublas.gemmEx(1, x, Matrix.of(right, k, n), 0, Matrix.of(wide, m, n)); // memory is NaN until now
            assertArrayEquals(expected, read(stream, wide));
            cublas.gemmEx(1, x, Matrix.of(right, k, n), 0, Matrix.of(narrow, m, n));
            short[] got = new short[m * n];
            stream.download(narrow, 0, got, 0, got.length);
            for (int i = 0; i < got.length; i++) {
                assertEquals(half(expected[i], type), got[i]);
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> cublas.gemmEx(1, x, Matrix.of(wide, k, m), 0, Matrix.of(narrow, m, m)));
        }
    }

    /** Work of the libraries has its place in the queue of its stream, whenever that runs, and in graphs. */
    @ParameterizedTest
    @ValueSource(strings = {"eager", "late", "random"})
    void productsRunInTheOrderOfTheirStream(String when) {
        Set<Float> unordered = new HashSet<>();
        try (Device device = open();
                Stream stream = device.stream();
                Stream other = device.stream();
                DeviceBuffer a = floats(stream, A);
                DeviceBuffer b = floats(stream, B);
                DeviceBuffer c = floats(stream, A);
                DeviceBuffer d = floats(stream, A);
                Cublas cublas = Cublas.on(stream)) {
            read(other, b);
            for (long seed = 1; seed <= 40; seed++) {
                assertTrue(EmulatedDriver.streams(when, seed));
                stream.upload(A, 0, a, 0, 4);
                stream.upload(A, 0, c, 0, 4);
                stream.synchronize();
                cublas.sgemm(1, Matrix.of(a, 2, 2), Matrix.of(b, 2, 2), 0, Matrix.of(c, 2, 2));
                stream.zero(a, 0, 4);
                unordered.add(read(other, c)[0]); // lacks a wait
                assertArrayEquals(AB, read(stream, c));
                try (Graph graph = stream.capture(
                        () -> cublas.sgemm(1, Matrix.of(c, 2, 2), Matrix.of(b, 2, 2), 0, Matrix.of(d, 2, 2)))) {
                    assertEquals(1, graph.size());
                    stream.launch(graph);
                    assertArrayEquals(new float[] {249, 290, 565, 658}, read(stream, d));
                }
            }
        }
        assertEquals(
                when.equals("eager") ? Set.of(19f) : when.equals("late") ? Set.of(1f) : Set.of(1f, 19f), unordered);
    }

    @Test
    void normalsAndUniformsHaveTheirLaws() {
        int count = 100_000;
        try (Device device = open();
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, count + 2);
                Curand curand = Curand.on(stream, 42);
                Curand same = Curand.on(stream, 42);
                Curand other = Curand.on(stream, 43)) {
            curand.uniforms(buffer, 0, count);
            float[] uniforms = Arrays.copyOf(read(stream, buffer), count);
            for (float u : uniforms) {
                assertTrue(u > 0 && u <= 1);
            }
            assertFits(uniforms, UniformContinuousDistribution.of(0, 1)::cumulativeProbability);
            same.uniforms(buffer, 0, count);
            assertArrayEquals(uniforms, Arrays.copyOf(read(stream, buffer), count));
            other.uniforms(buffer, 0, count);
            assertFalse(Arrays.equals(uniforms, Arrays.copyOf(read(stream, buffer), count)));
            curand.normals(buffer, 1, count, 3, 2);
            float[] normals = read(stream, buffer);
            assertFits(Arrays.copyOfRange(normals, 1, count + 1), NormalDistribution.of(3, 2)::cumulativeProbability);
            assertTrue(Float.isNaN(normals[count + 1]), "one past the end");
            curand.normals(buffer, 1, count, 3, 2);
            assertFalse(Arrays.equals(normals, read(stream, buffer)), "the next numbers are others");
        }
    }

    /** Fixed seeds: either always below or never. */
    private static void assertFits(float[] drawn, java.util.function.DoubleUnaryOperator law) {
        double[] values = new double[drawn.length];
        Arrays.setAll(values, i -> drawn[i]);
        double p = KolmogorovSmirnovTest.withDefaults().test(values, law).getPValue();
        assertTrue(p > 1e-4, "p = " + p);
    }

    private static void multiply(Stream stream, boolean ex) {
        try (DeviceBuffer a = floats(stream, A);
                DeviceBuffer b = floats(stream, B);
                DeviceBuffer c = floats(stream, 0, 0, 0, 0);
                Cublas cublas = Cublas.on(stream)) {
            if (ex) {
                cublas.gemmEx(1, Matrix.of(a, 2, 2), Matrix.of(b, 2, 2), 0, Matrix.of(c, 2, 2));
            } else {
                cublas.sgemm(1, Matrix.of(a, 2, 2), Matrix.of(b, 2, 2), 0, Matrix.of(c, 2, 2));
            }
            assertArrayEquals(AB, read(stream, c));
        }
    }

    private static void draw(Stream stream, boolean normals) {
        try (DeviceBuffer out = floats(stream, 0, 0);
                Curand curand = Curand.on(stream, 1)) {
            if (normals) {
                curand.normals(out, 0, 2, 0, 1);
            } else {
                curand.uniforms(out, 0, 2);
            }
            assertNotEquals(0, read(stream, out)[1]);
        }
    }

    /** Each call of the libraries that the wrappers make fails once, in each way: one typed exception, nothing kept, the next use well. */
    @Test
    void everyCallThatFailsIsItsException() {
        record Step(String call, Consumer<Stream> use, String mostly) {}
        List<Step> steps = List.of(
                new Step("cublasCreate_v2", s -> multiply(s, false), "CUBLAS_STATUS_"),
                new Step("cublasSetStream_v2", s -> multiply(s, false), "CUBLAS_STATUS_"),
                new Step("cublasSetWorkspace_v2", s -> multiply(s, false), "CUBLAS_STATUS_"),
                new Step("cublasSetMathMode", s -> multiply(s, false), "CUBLAS_STATUS_"),
                new Step("cublasSgemm_v2", s -> multiply(s, false), "CUBLAS_STATUS_"),
                new Step("cublasGemmEx", s -> multiply(s, true), "CUBLAS_STATUS_"),
                new Step("curandCreateGenerator", s -> draw(s, false), "CURAND_STATUS_"),
                new Step("curandSetStream", s -> draw(s, false), "CURAND_STATUS_"),
                new Step("curandSetPseudoRandomGeneratorSeed", s -> draw(s, false), "CURAND_STATUS_"),
                new Step("curandGenerateUniform", s -> draw(s, false), "CURAND_STATUS_"),
                new Step("curandGenerateNormal", s -> draw(s, true), "CURAND_STATUS_"));
        long bytes = EmulatedDriver.stat("bytes");
        int fired = 0;
        for (Step step : steps) {
            for (int code : new int[] {
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                CUresult.CUDA_ERROR_INVALID_VALUE,
                CUresult.CUDA_ERROR_NOT_SUPPORTED,
                CUresult.CUDA_ERROR_UNKNOWN
            }) {
                try (Device device = open();
                        Stream stream = device.stream()) {
                    long injected = EmulatedDriver.stat("injected");
                    EmulatedDriver.fail(step.call, 1, code, false);
                    DeviceException thrown = assertThrows(DeviceException.class, () -> step.use.accept(stream));
                    assertEquals(injected + 1, EmulatedDriver.stat("injected"), step.call);
                    fired++;
                    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
                        assertInstanceOf(OutOfDeviceMemoryException.class, thrown, step.call);
                    } else {
                        assertTrue(String.valueOf(thrown.getMessage()).contains(step.mostly), thrown.getMessage());
                    }
                    assertEquals(0, device.allocatedBytes(), step.call);
                    step.use.accept(stream);
                    assertEquals(0, device.allocatedBytes(), step.call);
                }
                assertEquals(bytes, EmulatedDriver.stat("bytes"), step.call);
            }
        }
        assertEquals(4 * steps.size(), fired);
    }

    /** The stand-ins refuse what the libraries refuse. JCuda alone, for the wrappers refuse most of it first. */
    @Test
    void wrongArgumentsHaveTheirStatus() {
        assertEquals(cublasStatus.CUBLAS_STATUS_NOT_INITIALIZED, JCublas2.cublasDestroy(new cublasHandle()));
        assertEquals(curandStatus.CURAND_STATUS_NOT_INITIALIZED, JCurand.curandDestroyGenerator(new curandGenerator()));
        try (Device device = open();
                Stream stream = device.stream();
                DeviceBuffer a = floats(stream, A);
                Cublas ours = Cublas.on(stream)) {
            ((CudaStream) stream).hold(() -> {
                cublasHandle handle = new cublasHandle();
                assertEquals(0, JCublas2.cublasCreate(handle));
                Pointer at = CudaStream.at((CudaBuffer) a, 0);
                Pointer one = Pointer.to(new float[] {1});
                int[][] wrong = { // operation, m, n, k, three strides
                    {9, 2, 2, 2, 2, 2, 2}, {0, -1, 2, 2, 2, 2, 2}, {0, 2, 2, -2, 2, 2, 2},
                    {0, 2, 2, 2, 1, 2, 2}, {0, 2, 2, 2, 2, 1, 2}, {0, 2, 2, 2, 2, 2, 0}
                };
                for (int[] w : wrong) {
                    assertEquals(
                            cublasStatus.CUBLAS_STATUS_INVALID_VALUE,
                            JCublas2.cublasSgemm(
                                    handle, w[0], 0, w[1], w[2], w[3], one, at, w[4], at, w[5], one, at, w[6]),
                            Arrays.toString(w));
                }
                // not emulated: a code and not the death of the JVM
                assertEquals(cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED, JCublas2.cublasSnrm2(handle, 4, at, 1, one));
                assertEquals(0, JCublas2.cublasDestroy(handle));
                assertEquals(cublasStatus.CUBLAS_STATUS_NOT_INITIALIZED, JCublas2.cublasDestroy(handle));
                curandGenerator generator = new curandGenerator();
                assertEquals(curandStatus.CURAND_STATUS_TYPE_ERROR, JCurand.curandCreateGenerator(generator, 141));
                assertEquals(0, JCurand.curandCreateGenerator(generator, 161));
                assertEquals(
                        curandStatus.CURAND_STATUS_LENGTH_NOT_MULTIPLE,
                        JCurand.curandGenerateNormal(generator, at, 3, 0, 1));
                assertEquals(
                        curandStatus.CURAND_STATUS_INTERNAL_ERROR,
                        JCurand.curandGeneratePoisson(generator, at, 4, 1.0));
                assertEquals(0, JCurand.curandDestroyGenerator(generator));
            });
        }
    }
}
