package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.device.cuda.Cublas.Matrix;

/** cuBLAS and cuRAND: an absent one says so in one line; a present one does what its wrapper says. */
class ToolkitLibrariesTest {
    @Test
    void anAbsentLibrarySaysWhyInOneLine() {
        for (Optional<String> reason : new Optional[] {Cublas.unavailable(), Curand.unavailable()}) {
            reason.ifPresent(text -> assertEquals(1, text.lines().count(), text));
        }
        assertEquals(Cublas.unavailable(), Cublas.unavailable());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void whereItCannotBeUsedOpeningSaysWhy(Device device) {
        try (Stream stream = device.stream()) {
            if (device.kind() == DeviceKind.HOST || Cublas.unavailable().isPresent()) {
                String message = assertThrows(DeviceUnavailableException.class, () -> Cublas.on(stream))
                        .getMessage();
                assertTrue(message.contains("cuBLAS"), message);
            }
            if (device.kind() == DeviceKind.HOST || Curand.unavailable().isPresent()) {
                String message = assertThrows(DeviceUnavailableException.class, () -> Curand.on(stream, 1))
                        .getMessage();
                assertTrue(message.contains("cuRAND"), message);
            }
        }
        assertEquals(0, device.allocatedBytes());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void productsOfRowMajorMatrices(Device device) {
        assumeTrue(
                device.kind() != DeviceKind.HOST && Cublas.unavailable().isEmpty(),
                () -> "cuBLAS: " + Cublas.unavailable());
        int m = 5;
        int n = 3;
        int k = 7;
        float[] a = small(m * k, 1);
        float[] b = small(k * n, 2);
        float[] c = small(m * n, 3);
        float[] expected = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += a[i * k + p] * b[p * n + j];
                }
                expected[i * n + j] = 2 * sum + 3 * c[i * n + j]; // small integers: exact in any order
            }
        }
        try (Stream stream = device.stream();
                Cublas cublas = Cublas.on(stream)) {
            for (int transposed = 0; transposed < 4; transposed++) {
                boolean turnA = (transposed & 1) != 0;
                boolean turnB = (transposed & 2) != 0;
                for (String by : new String[] {"sgemm", "gemmEx", "tf32"}) {
                    try (DeviceBuffer bufferA = upload(device, stream, turnA ? transpose(a, m, k) : a);
                            DeviceBuffer bufferB = upload(device, stream, turnB ? transpose(b, k, n) : b);
                            DeviceBuffer bufferC = upload(device, stream, c)) {
                        Matrix left = turnA ? Matrix.of(bufferA, k, m).transpose() : Matrix.of(bufferA, m, k);
                        Matrix right = turnB ? Matrix.of(bufferB, n, k).transpose() : Matrix.of(bufferB, k, n);
                        switch (by) {
                            case "sgemm" -> cublas.sgemm(2, left, right, 3, Matrix.of(bufferC, m, n));
                            case "gemmEx" -> cublas.gemmEx(2, left, right, 3, Matrix.of(bufferC, m, n));
                            default -> cublas.tf32(2, left, right, 3, Matrix.of(bufferC, m, n));
                        }
                        float[] result = new float[m * n];
                        stream.download(bufferC, 0, result, 0, m * n);
                        assertArrayEquals(expected, result);
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> cublas.sgemm(1, left, left, 0, Matrix.of(bufferC, m, n)));
                    }
                }
            }
        }
        assertEquals(0, device.allocatedBytes());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void numbersOfCurand(Device device) {
        assumeTrue(
                device.kind() != DeviceKind.HOST && Curand.unavailable().isEmpty(),
                () -> "cuRAND: " + Curand.unavailable());
        int count = 100_000;
        float[] drawn = new float[count];
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, count);
                Curand curand = Curand.on(stream, 7)) {
            curand.uniforms(buffer, 0, count);
            stream.download(buffer, 0, drawn, 0, count);
            double sum = 0;
            for (float u : drawn) {
                assertTrue(u > 0 && u <= 1);
                sum += u;
            }
            assertEquals(0.5, sum / count, 6 * Math.sqrt(1.0 / 12 / count)); // 6 sigma: one false alarm in 10^9
            curand.normals(buffer, 0, count, 3, 2);
            stream.download(buffer, 0, drawn, 0, count);
            sum = 0;
            for (float z : drawn) {
                sum += z;
            }
            assertEquals(3, sum / count, 6 * 2 / Math.sqrt(count));
            assertThrows(IllegalArgumentException.class, () -> curand.normals(buffer, 0, 3, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> curand.uniforms(buffer, 1, count));
        }
    }

    @Test
    void matricesOutOfRangeAreRefused() {
        try (Device device = Device.open("cpu:1");
                DeviceBuffer buffer = device.allocate(Element.F32, 12)) {
            new Matrix(buffer, 0, 3, 4, 4, false);
            new Matrix(buffer, 3, 3, 1, 4, false);
            assertThrows(IllegalArgumentException.class, () -> new Matrix(buffer, 0, 3, 4, 3, false));
            assertThrows(IllegalArgumentException.class, () -> new Matrix(buffer, 1, 3, 4, 4, false));
            assertThrows(IllegalArgumentException.class, () -> new Matrix(buffer, 0, -1, 4, 4, false));
        }
    }

    private static float[] small(int size, long seed) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (i * 31 + 7 * seed) % 11 - 5;
        }
        return values;
    }

    private static float[] transpose(float[] a, int rows, int columns) {
        float[] turned = new float[a.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                turned[j * rows + i] = a[i * columns + j];
            }
        }
        return turned;
    }

    private static DeviceBuffer upload(Device device, Stream stream, float[] values) {
        DeviceBuffer buffer = device.allocate(Element.F32, values.length);
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }
}
