package org.tweedie.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tweedie.Samples;
import org.tweedie.ScoreModel;
import org.tweedie.Tweedie;
import org.tweedie.io.AnimatedGif;
import org.tweedie.io.AtomicFile;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Output;
import org.tweedie.io.Png;
import org.tweedie.io.Raster;
import org.tweedie.io.RowWriter;
import org.tweedie.io.ScatterPicture;
import org.tweedie.io.Svg;
import org.tweedie.io.Table;
import org.tweedie.metric.Estimate;
import org.tweedie.train.Dataset;
import org.tweedie.train.LossCurve;
import org.tweedie.train.TrainResult;

/** What a demo leaves behind. */
record DemoFiles(Path folder, boolean force) {
    static final List<String> NAMES = List.of(
            "model.safetensors",
            "samples.npy",
            "samples.csv",
            "data-and-samples.png",
            "loss.svg",
            "noise-to-data.gif",
            "report.html");
    private static final int PANEL = 420;
    private static final int FRAMES = 40;
    private static final int MILLISECONDS = 80;
    /** The last frame stays for this many frames. */
    private static final int REST = 20;

    void write(
            ScoreModel model,
            Dataset whole,
            TrainResult result,
            Samples samples,
            Samples film,
            Judging judging,
            List<String> commands)
            throws IOException {
        model.save(output("model.safetensors"));
        for (String name : List.of("samples.npy", "samples.csv")) {
            try (RowWriter writer = RowWriter.open(output(name), samples.count(), samples.columns(), Map.of())) {
                writer.write(samples.rows(), 0, samples.count());
                writer.finish();
            }
        }
        Table real = Table.of(whole.values(Dataset.X), 2)
                .named(model.columns())
                .slice(0, Math.min(whole.rows(), samples.count()));
        Table made = Table.of(samples.rows(), 2).named(model.columns());
        ScatterPicture picture = ScatterPicture.around(real, 0, 1, PANEL);
        Raster both = picture.beside(real, made);
        Png.write(output("data-and-samples.png"), both);
        Svg loss = loss(result.curve());
        try (AtomicFile file = AtomicFile.create(output("loss.svg"))) {
            file.write(loss.markup().getBytes(StandardCharsets.UTF_8));
            file.publish();
        }
        byte[] gif = AnimatedGif.encode(frames(film, real), MILLISECONDS);
        try (AtomicFile file = AtomicFile.create(output("noise-to-data.gif"))) {
            file.write(gif);
            file.publish();
        }
        report(model, result, samples, film, judging, commands, Png.encode(both), gif, loss)
                .write(output("report.html"));
    }

    private Output output(String name) {
        return Output.to(folder.resolve(name)).force(force);
    }

    private static Svg loss(LossCurve curve) {
        double[] steps = new double[curve.points()];
        double[] losses = new double[curve.points()];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = curve.step(i);
            losses[i] = curve.loss(i);
        }
        return Svg.line(
                "Training loss",
                "step",
                "loss",
                List.of(new Svg.Series("denoising score matching", steps, losses)),
                false);
    }

    /** Frames spread over the steps, in a window wide enough for the noise. */
    private static List<Raster> frames(Samples film, Table real) {
        List<float[]> steps = film.traces().getOrDefault("x", List.of());
        ScatterPicture tight = ScatterPicture.around(real, 0, 1, PANEL);
        double centreX = (tight.left() + tight.right()) / 2;
        double centreY = (tight.bottom() + tight.top()) / 2;
        double half = 0.9 * Math.max(tight.right() - tight.left(), tight.top() - tight.bottom());
        ScatterPicture window =
                new ScatterPicture(0, 1, centreX - half, centreX + half, centreY - half, centreY + half, PANEL);
        List<Raster> frames = new ArrayList<>();
        for (int f = 0; f < FRAMES; f++) {
            int step = (int) Math.round(f * (steps.size() - 1.0) / (FRAMES - 1));
            frames.add(window.draw(Table.of(steps.get(step), 2), ScatterPicture.Ink.RED));
        }
        for (int rest = 0; rest < REST; rest++) {
            frames.add(frames.get(FRAMES - 1));
        }
        return frames;
    }

    private static HtmlReport report(
            ScoreModel model,
            TrainResult result,
            Samples samples,
            Samples film,
            Judging judging,
            List<String> commands,
            byte[] picture,
            byte[] gif,
            Svg loss) {
        HtmlReport page = new HtmlReport("Tweedie: noise becomes data");
        page.section("Data beside samples")
                .png(picture, "Left: rows of the built-in set. Right: samples of the trained model.");
        page.section("Noise becomes data")
                .gif(gif, film.count() + " rows by " + film.run().method() + ", from the start at noise to the end.");
        page.section("How close");
        page.paragraph(judging.samples() + " samples against " + judging.rowsUsed()
                + ", columns standardised, 95 % intervals.");
        page.table(
                List.of("metric", "samples to held-out rows", "two halves of the real rows"),
                List.of(
                        List.of(
                                "squared energy distance",
                                text(judging.comparison().energy()),
                                text(judging.comparison().energyOfHalves())),
                        List.of(
                                "sliced 2-Wasserstein distance",
                                text(judging.comparison().sliced()),
                                text(judging.comparison().slicedOfHalves()))));
        page.table(
                List.of("column", "mean ± standard error", "standard deviation ± standard error"), judging.moments());
        page.paragraph(judging.comparison().sentence());
        page.section("Training").chart(loss, "Mean loss of each stretch of steps.");
        page.table(List.of("setting", "value"), rows(settings(model, result)));
        page.section("Throughput")
                .table(
                        List.of("what", "value"),
                        List.of(
                                List.of(
                                        "training",
                                        String.format(
                                                Locale.ROOT,
                                                "%,d steps in %s",
                                                result.step(),
                                                ProgressLine.duration(result.seconds()))),
                                List.of(
                                        "sampling",
                                        String.format(
                                                Locale.ROOT,
                                                "%,.0f rows/s by %s, %d evaluations a row, execution %s on %s",
                                                samples.count() / samples.run().milliseconds() * 1e3,
                                                samples.run().method(),
                                                samples.run().nfe(),
                                                samples.run().execution(),
                                                samples.run().device()))));
        page.section("Provenance").table(List.of("fact", "value"), rows(model.provenance()));
        page.section("Again");
        page.paragraph("The same seed gives the same bits, whatever the number of threads.");
        commands.forEach(page::code);
        return page;
    }

    private static Map<String, String> settings(ScoreModel model, TrainResult result) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("process", model.process().spec());
        settings.put(
                "network",
                model.network().spec() + ", " + model.network().parameters().count() + " parameters");
        settings.put("prediction", model.network().prediction().toString());
        settings.put("steps", Long.toString(result.step()));
        settings.put("last loss (running mean)", String.format(Locale.ROOT, "%.5f", result.smoothLoss()));
        settings.put("Tweedie", Tweedie.version());
        settings.put("Java", System.getProperty("java.version"));
        return settings;
    }

    private static String text(Estimate estimate) {
        return estimate.toString();
    }

    private static List<List<String>> rows(Map<String, String> map) {
        return map.entrySet().stream()
                .map(entry -> List.of(entry.getKey(), entry.getValue()))
                .toList();
    }
}
