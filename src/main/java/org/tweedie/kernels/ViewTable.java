package org.tweedie.kernels;

import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;

/**
 * Views in device memory, for kernels that take any number of them: address and stride in elements of each, two words a view. Owned by one
 * stream at a time; for one thread at a time.
 */
public final class ViewTable implements AutoCloseable {
    private final DeviceBuffer memory;
    private List<View> views = List.of();

    private ViewTable(DeviceBuffer memory) {
        this.memory = memory;
    }

    /** A table of at most {@code most} views. */
    public static ViewTable on(Device device, int most) {
        return new ViewTable(device.allocate(Element.I64, 2L * Math.max(1, most)));
    }

    /** Queues the views that later launches on this stream are to find here. */
    public void assign(Stream stream, List<View> now) {
        if (2L * now.size() > memory.count()) {
            throw new IllegalArgumentException(
                    "a table of " + memory.count() / 2 + " views was given " + now.size() + "; open a larger one");
        }
        long[] words = new long[2 * now.size()];
        for (int i = 0; i < now.size(); i++) {
            View view = now.get(i);
            words[2 * i] = view.data().address()
                    + view.offset() * view.data().element().bytes();
            words[2 * i + 1] = view.stride();
        }
        stream.upload(words, 0, memory, 0, words.length);
        views = List.copyOf(now);
    }

    /** The views of the last {@link #assign}. */
    public List<View> views() {
        return views;
    }

    /** Adds the pointer to the table to a launch's arguments; a twin gets the list of views as it is now. */
    Arguments into(Arguments arguments) {
        return arguments.reaches(views.stream().map(View::data).toList()).struct(memory, views);
    }

    @Override
    public void close() {
        memory.close();
    }
}
