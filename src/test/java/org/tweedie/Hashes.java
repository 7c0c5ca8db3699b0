package org.tweedie;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.Simd;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Prints a hash of normals, of trained weights, and of the samples of every subject, made on the host by this JVM. First argument:
 * rows. With a second, {@code planted}, also a sum whose order depends on the number of threads, which no comparison may pass.
 */
final class Hashes {
    private Hashes() {}

    public static void main(String[] arguments) {
        int rows = Integer.parseInt(arguments[0]);
        try (Device device = Device.open("cpu")) {
            System.out.println("normals " + normals(device, rows));
            System.out.println("weights " + weights(device));
            try (Subjects subjects = new Subjects(device)) {
                for (String name : Subjects.names()) {
                    Samples samples = subjects.sampler(name).sample(0, rows, Subjects.SEED);
                    System.out.println(
                            name + " " + new Rows(0, rows).put(samples, 0, null).hash());
                }
            }
            if (arguments.length > 1) {
                System.out.println("planted " + ThreadedSum.of(device));
            }
        }
        System.out.println("java " + Runtime.version().feature() + ", "
                + Runtime.getRuntime().availableProcessors() + " threads, "
                + Simd.best().getClass().getSimpleName());
    }

    private static String normals(Device device, int rows) {
        int count = 40 * rows;
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer buffer = device.allocate(Element.F32, count)) {
            set.assign(stream, Subjects.SEED, 11, rows);
            Fill.normal(stream, set, View.rows(buffer, 40), Purpose.STEP, 3);
            float[] values = new float[count];
            stream.download(buffer, 0, values, 0, count);
            return hash(values);
        }
    }

    /** A batch that threads share, and one that no thread's piece divides. */
    private static String weights(Device device) {
        Dataset data = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 300), "u", "v");
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(24, 2), data, 7, device)) {
            model.train(data, TrainSpec.steps(3).withPrecision(Precision.F32).withBatch(133));
            return hash(model.weights());
        }
    }

    static String hash(float[] values) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
            for (float value : values) {
                bytes.putInt(Float.floatToRawIntBits(value));
            }
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
