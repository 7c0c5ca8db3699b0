package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.CellLayout;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;
import org.tweedie.rng.StandardLaw;

/** The mixes of one block of registers, in the order of the cells, as the step kernel reads them. */
record MixTable(DeviceBuffer headers, DeviceBuffer weights) {
    static MixTable of(CellTable table, StateLayout layout, int block, Device device, Stream stream, Closing owned) {
        List<Mix> mixes = table.cells().stream()
                .flatMap(cell -> cell.mixes().stream())
                .filter(mix -> layout.places().get(mix.into()[0]).block() == block)
                .toList();
        int[] headers = new int[Math.max(1, mixes.size()) * CellLayout.HEADER];
        float[] weights = new float[Math.max(1, mixes.size()) * CellLayout.WEIGHTS];
        for (int m = 0; m < mixes.size(); m++) {
            Mix mix = mixes.get(m);
            CellLayout.encode(
                    slots(mix.from(), layout),
                    slots(mix.into(), layout),
                    mix.weights(),
                    draws(mix),
                    m,
                    headers,
                    weights);
        }
        return new MixTable(
                uploaded(device, stream, Element.I32, headers, headers.length, owned),
                uploaded(device, stream, Element.F32, weights, weights.length, owned));
    }

    private static DeviceBuffer uploaded(
            Device device, Stream stream, Element element, Object array, int length, Closing owned) {
        DeviceBuffer buffer = owned.add(device.allocate(element, length));
        stream.upload(array, 0, buffer, 0, length);
        return buffer;
    }

    private static int[] slots(int[] registers, StateLayout layout) {
        int[] slots = new int[registers.length];
        for (int i = 0; i < registers.length; i++) {
            slots[i] = layout.places().get(registers[i]).slot();
        }
        return slots;
    }

    static List<CellDraw> draws(Mix mix) {
        List<CellDraw> draws = new ArrayList<>();
        for (Noise noise : mix.draws()) {
            if (!(noise.law() instanceof StandardLaw law)) {
                throw new IllegalArgumentException("law " + noise.law() + " has no kernel; the step kernel draws "
                        + List.of(StandardLaw.values()));
            }
            draws.add(new CellDraw(law, noise.purpose(), noise.ordinal()));
        }
        return draws;
    }
}
