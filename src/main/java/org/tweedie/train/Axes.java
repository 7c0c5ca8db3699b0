package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.View;

/** The unit vectors as directions, one for all rows each. Stateless. */
final class Axes {
    private Axes() {}

    /** Queues them; {@code owned} closes their memory. */
    static List<View> of(int width, Stream stream, Closing owned) {
        float[] identity = new float[width * width];
        for (int i = 0; i < width; i++) {
            identity[i * width + i] = 1;
        }
        DeviceBuffer memory = owned.add(stream.device().allocate(Element.F32, identity.length));
        stream.upload(identity, 0, memory, 0, identity.length);
        List<View> axes = new ArrayList<>();
        for (int i = 0; i < width; i++) {
            axes.add(View.shared(memory, (long) i * width, width));
        }
        return axes;
    }
}
