package org.tweedie.execution;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Stream;
import org.tweedie.device.host.HostDevice;

/**
 * The host's fused trajectory: a tile of rows stays in a core's cache through all steps. Threads take tiles; a row never
 * sees another row, so any plan can be cut this way and the bits are those of the other executions.
 */
final class HostFused implements Execution {
    /** Rows of a tile, a multiple of the blocks of six rows and of sixteen of the products: a hidden layer of 128 f32 takes 48 KiB. */
    private static final int TILE = 192;

    @Override
    public String name() {
        return "fused";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        if (device.kind() != DeviceKind.HOST) {
            return Offer.declined("tiles in cache are the host's way");
        }
        return Offer.taken("tiles of " + TILE + " rows stay in cache through all steps"
                + (program.precision() == Precision.F32 ? "" : "; the host multiplies in f32"));
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        HostDevice host = (HostDevice) device;
        Closing owned = new Closing();
        try {
            Program inF32 = program.with(Precision.F32);
            int tiles = Math.min(host.team().size(), Math.max(1, (rows + TILE - 1) / TILE));
            BlockingQueue<Tile> free = new ArrayBlockingQueue<>(tiles);
            for (int i = 0; i < tiles; i++) {
                Stream stream = owned.add(host.inlineStream());
                free.add(new Tile(
                        stream, owned.add(new CellRunner(inF32, device, stream, Math.min(TILE, Math.max(1, rows))))));
            }
            return new Run(owned, host, rows, free);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private record Tile(Stream stream, CellRunner cells) {
        void run(Batch batch) {
            cells.load(batch);
            if (batch.traces().isEmpty()) {
                cells.queue();
            } else {
                cells.queueTraced(batch.traces());
            }
            cells.store(batch);
        }
    }

    private record Run(Closing owned, HostDevice host, int capacity, BlockingQueue<Tile> free) implements Runner {
        @Override
        public void run(Batch batch) {
            int tiles = (batch.count() + TILE - 1) / TILE;
            host.team().forRange(tiles, 1, (from, to) -> {
                Tile tile = take();
                try {
                    for (int i = (int) from; i < to; i++) {
                        int row = i * TILE;
                        tile.run(batch.slice(row, Math.min(TILE, batch.count() - row)));
                    }
                } finally {
                    free.add(tile);
                }
            });
        }

        private Tile take() {
            try {
                return free.take(); // never waits long: as many tiles as threads
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new java.util.concurrent.CancellationException("sampling was interrupted");
            }
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
