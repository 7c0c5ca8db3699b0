package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Kernel;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Space;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;

/** An evaluation writes its numbers of time by one launch; where each row has its time, by none. What they are worth NetworkScoreTest holds. */
class TimeNumbersTest {
    private static final int ROWS = 5;
    private static final Sde SDE = new VpSde().on(Space.euclidean(2));

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void oneLaunchWritesAllNumbersOfATime(Device device) {
        GaussianMixtureScore exact = new GaussianMixtureScore(GaussianMixture.round(0.5, new double[2]), SDE);
        FormulaWriter f = Formula.writer("half of it");
        Formula half = f.output(f.input(2).times(0.5)).formula();
        Network network = Architecture.parse("mlp:8x1").create(Signature.over(2), Prediction.NOISE, 5, device);
        try (Closing owned = new Closing()) {
            owned.add(network.parameters().values());
            assertEquals(1, launches(device, exact, false), "alpha and sigma");
            assertEquals(2, launches(device, new DenoisedGradient(exact, SDE, half), false), "its own two, and those");
            NetworkScore learned = new NetworkScore(network, Parametrisation.preconditioned(SDE, Prediction.NOISE, 1));
            assertEquals(2, launches(device, learned, false), "its own four, and the network's time");
            for (Field field : List.of(exact, new DenoisedGradient(exact, SDE, half), learned)) {
                assertEquals(0, launches(device, field, true));
            }
        }
    }

    /** Of the kernel that writes numbers, in one evaluation. */
    private static int launches(Device device, Field field, boolean perRow) {
        List<String> seen = new ArrayList<>();
        try (Closing owned = new Closing()) {
            Stream stream = owned.add(device.stream());
            RowSet set = owned.add(RowSet.on(device));
            set.assign(stream, 0, 0, ROWS);
            List<View> from = views(device, owned, field.signature().from());
            List<View> into = views(device, owned, field.signature().into());
            View times = View.rows(owned.add(device.allocate(Element.F32, ROWS)), 1);
            stream.upload(new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f}, 0, times.data(), 0, ROWS);
            Evaluator evaluator = owned.add(field.open(device, ROWS));
            evaluator.evaluate(
                    counted(stream, seen), set, from, perRow ? Instant.perRow(times) : Instant.at(0.3), into);
            stream.synchronize();
        }
        return (int) seen.stream().filter(Add.NUMBERS.name()::equals).count();
    }

    private static List<View> views(Device device, Closing owned, List<Signature.Port> ports) {
        List<View> views = new ArrayList<>();
        for (Signature.Port port : ports) {
            int width = port.space().width();
            views.add(View.rows(owned.add(device.allocate(Element.F32, (long) ROWS * width)), width));
        }
        return views;
    }

    /** The stream, which notes the kernels that are launched on it. */
    private static Stream counted(Stream stream, List<String> seen) {
        return (Stream) Proxy.newProxyInstance(
                Stream.class.getClassLoader(), new Class<?>[] {Stream.class}, (proxy, method, arguments) -> {
                    if (method.getName().startsWith("launch")) {
                        seen.add(((Kernel) arguments[0]).entry().name());
                    }
                    try {
                        return method.invoke(stream, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
