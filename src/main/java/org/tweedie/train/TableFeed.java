package org.tweedie.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Batch;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** The rows of a data set, each once an epoch, in an order of its own. */
final class TableFeed implements Feed {
    private final Dataset data;
    private final DeviceBuffer table;
    private final View batch;
    private final Map<String, View> ports = new LinkedHashMap<>();
    private final Closing owned = new Closing();

    TableFeed(Dataset data, DeviceBuffer table, Device device, int rows) {
        this.data = data;
        this.table = table;
        batch = View.rows(owned.add(device.allocate(Element.F32, (long) rows * data.width())), data.width());
        for (Dataset.Port port : data.ports()) {
            ports.put(port.name(), batch.columns(data.offset(port.name()), port.width()));
        }
    }

    /** The step's rows, all ports side by side. */
    View batch() {
        return batch;
    }

    @Override
    public Map<String, View> ports() {
        return ports;
    }

    @Override
    public void queue(Stream stream, RowSet rows) {
        Batch.rows(stream, rows, table, data.rows(), batch);
    }

    @Override
    public void close() {
        owned.close();
    }
}
