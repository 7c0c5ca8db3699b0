package org.tweedie.execution;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.plan.Register;

/**
 * Where registers lie: those of one width share a block, each its own slot.
 */
record StateLayout(List<Place> places, List<Block> blocks) {
    /** Of one register. */
    record Place(int block, int slot) {}

    /** Registers of one width. */
    record Block(int width, int slots) {
        /** Elements from slot to slot for so many rows: a multiple of 4, so that every slot starts at 16 bytes. */
        long slotStride(int rows) {
            return ((long) rows * width + 3) / 4 * 4;
        }
    }

    static StateLayout of(List<Register> registers) {
        Map<Integer, Integer> blockOfWidth = new LinkedHashMap<>();
        List<Integer> slots = new ArrayList<>();
        List<Place> places = new ArrayList<>();
        for (Register register : registers) {
            int block = blockOfWidth.computeIfAbsent(register.space().width(), width -> blockOfWidth.size());
            if (block == slots.size()) {
                slots.add(0);
            }
            places.add(new Place(block, slots.get(block)));
            slots.set(block, slots.get(block) + 1);
        }
        List<Block> blocks = new ArrayList<>();
        blockOfWidth.forEach((width, block) -> blocks.add(new Block(width, slots.get(block))));
        return new StateLayout(List.copyOf(places), List.copyOf(blocks));
    }

    long floatsPerRow() {
        return blocks.stream()
                .mapToLong(block -> (long) block.width() * block.slots())
                .sum();
    }
}
