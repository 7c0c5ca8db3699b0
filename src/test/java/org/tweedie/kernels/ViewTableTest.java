package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;

class ViewTableTest {
    /** Copies each row of view 0 to view 1. */
    private static void copy(Lab lab, ViewTable views, int dim, int rows) {
        SdeOperations operations = new SdeOperations(1, false);
        operations.load(0, 0);
        operations.store(0, 1);
        TrajectorySde.Tables tables =
                new TrajectorySde.Tables(lab.ints(operations.table()), lab.floats(0), lab.floats(0), operations.size());
        TrajectorySde.run(lab.stream(), lab.rows(1, 0, rows), views, tables, dim, 1, 0, operations.size(), rows);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aKernelFindsWhatWasAssignedLast(Device device) {
        float[] got = Lab.on(device, lab -> {
            View out = lab.out(2, 3, 2, 3);
            try (ViewTable views = ViewTable.on(device, 2)) {
                View shared = View.shared(lab.floats(5, 6), 0, 2);
                views.assign(lab.stream(), List.of(shared, out));
                copy(lab, views, 2, 3);
                views.assign(lab.stream(), List.of(lab.rows(new float[] {1, 2}, 2), out.from(1)));
                copy(lab, views, 2, 1);
            }
            return lab.read(out);
        });
        float u = Lab.UNTOUCHED;
        Lab.assertBits(new float[] {u, u, 5, 6, u, 1, 2, u, 5, 6, u}, got, "rows");
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void refusesWhatDoesNotFit(Device device) {
        try (Lab lab = new Lab(device);
                ViewTable views = ViewTable.on(device, 1)) {
            View out = lab.out(1, 2);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> views.assign(lab.stream(), List.of(out, out)))
                    .getMessage()
                    .contains("given 2"));
            views.assign(lab.stream(), List.of(out));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> copy(lab, views, 3, 1))
                    .getMessage()
                    .contains("3 wide"));
        }
    }

    /** A buffer that the kernel reaches only through the table is held like any other: closed ones are refused, not written. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aClosedBufferIsRefused(Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return; // the host's twin has arrays, which outlive their buffers
        }
        try (Lab lab = new Lab(device);
                ViewTable views = ViewTable.on(device, 2)) {
            DeviceBuffer gone = device.allocate(Element.F32, 4);
            View in = lab.rows(new float[4], 2);
            views.assign(lab.stream(), List.of(in, View.rows(gone, 2)));
            gone.close();
            assertThrows(ClosedException.class, () -> copy(lab, views, 2, 2));
            assertThrows(ClosedException.class, () -> views.assign(lab.stream(), List.of(in, View.rows(gone, 2))));
            View out = lab.out(2, 2);
            views.assign(lab.stream(), List.of(in, out));
            copy(lab, views, 2, 2);
            assertEquals(0, lab.read(out)[3]);
        }
    }
}
