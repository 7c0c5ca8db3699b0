package org.tweedie.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every device promises, on every device present. */
class DeviceContractTest {
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void copiesBetweenBuffers(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer a = device.allocate(Element.F32, 5);
                DeviceBuffer b = device.allocate(Element.F32, 5)) {
            stream.upload(new float[] {1, 2, 3, 4, 5}, 0, a, 0, 5);
            stream.zero(b, 0, 5);
            stream.copy(a, 1, b, 2, 3);
            float[] back = new float[5];
            stream.download(b, 0, back, 0, 5);
            assertArrayEquals(new float[] {0, 0, 2, 3, 4}, back);
        }
    }
}
