package org.tweedie.bench.yardsticks;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.bytedeco.javacpp.FloatPointer;
import org.tweedie.bench.Dense;
import org.tweedie.bench.HostProducts;

/** {@link HostProducts} by OpenBLAS on one thread, without the bias. Products a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class HostProductsOpenBlas {
    /** Inputs and outputs. */
    @Param({"128", "512"})
    public int width;

    private FloatPointer x;
    private FloatPointer w;
    private FloatPointer y;

    @Setup
    public void open() {
        int matrix = HostProducts.ROWS * width;
        float[] values = Dense.uniform(1, matrix + width * width + width);
        x = new FloatPointer(matrix).put(values, 0, matrix);
        w = new FloatPointer((long) width * width).put(values, matrix, width * width);
        y = new FloatPointer(matrix);
        blas_set_num_threads(1);
    }

    @Benchmark
    public void openBlas() {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, HostProducts.ROWS, width, width, 1, x, width, w, width, 0, y, width);
    }
}
