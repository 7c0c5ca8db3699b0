package org.tweedie.bench;

import org.tweedie.device.Arguments.ArrayBacked;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;

/** Standard normals drawn by the host device's twin as every contender of a benchmark gets them. */
public final class Noise implements AutoCloseable {
    private final Device device;
    private final Stream stream;
    private final RowSet rows;
    private final DeviceBuffer values;
    private final View view;
    private int ordinal;

    public Noise(int count, int width, int threads) {
        device = Device.open("cpu:" + threads);
        stream = device.stream();
        rows = RowSet.on(device);
        values = device.allocate(Element.F32, (long) count * width);
        view = View.rows(values, width);
        rows.assign(stream, 3, 0, count);
    }

    /** The next draw of every row; the array is the same one each time. */
    public float[] next() {
        Fill.normal(stream, rows, view, Purpose.STEP, ordinal++ & 0xffffff);
        stream.synchronize();
        return (float[]) ((ArrayBacked) values).array();
    }

    @Override
    public void close() {
        values.close();
        rows.close();
        stream.close();
        device.close();
    }
}
