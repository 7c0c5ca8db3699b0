package org.tweedie.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.tweedie.device.Device;

/** The metrics that {@link Evaluation} can hold samples against real rows by, each with its usual settings. Immutable. */
public enum Metric {
    /** {@link MeanDiscrepancy} of the Gaussian kernel, median bandwidth. */
    MMD {
        @Override
        List<String> names(List<String> columns) {
            return List.of("squared MMD, Gaussian kernel");
        }

        @Override
        List<Estimate> estimates(Points samples, Points real, Settings settings) {
            return List.of(new MeanDiscrepancy(settings.kernel()).estimate(samples, real, settings.device()));
        }
    },
    /** {@link MarginalWasserstein}: W1 and W2 of each column. */
    MARGINALS {
        @Override
        List<String> names(List<String> columns) {
            List<String> names = new ArrayList<>();
            for (String column : columns) {
                names.add("W1 of " + column);
                names.add("W2 of " + column);
            }
            return names;
        }

        @Override
        List<Estimate> estimates(Points samples, Points real, Settings settings) {
            List<Estimate> first = MarginalWasserstein.estimate(samples, real, 1, settings.seed(), settings.device());
            List<Estimate> second = MarginalWasserstein.estimate(samples, real, 2, settings.seed(), settings.device());
            List<Estimate> both = new ArrayList<>();
            for (int d = 0; d < first.size(); d++) {
                both.add(first.get(d));
                both.add(second.get(d));
            }
            return both;
        }
    },
    /** {@link SinkhornDivergence} of 1024 rows at most, epsilon a twentieth of the median squared distance. */
    SINKHORN {
        @Override
        List<String> names(List<String> columns) {
            return List.of("Sinkhorn divergence");
        }

        @Override
        List<Estimate> estimates(Points samples, Points real, Settings settings) {
            double bandwidth = settings.kernel().bandwidth();
            return List.of(new SinkhornDivergence(bandwidth * bandwidth / 20)
                    .estimate(samples.spread(1024), real.spread(1024), settings.device()));
        }
    },
    /** {@link KernelDensity} of the samples: mean log-density of the real rows. */
    KDE {
        @Override
        List<String> names(List<String> columns) {
            return List.of("log-density of rows, by kernels");
        }

        @Override
        List<Estimate> estimates(Points samples, Points real, Settings settings) {
            return List.of(KernelDensity.of(samples, settings.device()).logLikelihood(real, settings.device()));
        }
    },
    /** {@link Coverage}: precision, recall, density, coverage by the 5 nearest rows. */
    COVERAGE {
        @Override
        List<String> names(List<String> columns) {
            return List.of("precision", "recall", "density", "coverage");
        }

        @Override
        List<Estimate> estimates(Points samples, Points real, Settings settings) {
            Coverage coverage = Coverage.of(samples, real, Coverage.NEIGHBOURS, settings.device());
            return List.of(coverage.precision(), coverage.recall(), coverage.density(), coverage.coverage());
        }
    };

    /** What is chosen once, by real rows, for samples and halves alike; and where pairs are summed and rows sorted. */
    record Settings(Points oneHalf, Points otherHalf, long seed, Device device) {
        /** Of the median distance; of rows that are mostly equal there is none. */
        PairKernel.Rbf kernel() {
            return PairKernel.medianRbf(oneHalf, otherHalf);
        }
    }

    abstract List<String> names(List<String> columns);

    /** As many as names. */
    abstract List<Estimate> estimates(Points samples, Points real, Settings settings);

    /** As users write it. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }
}
