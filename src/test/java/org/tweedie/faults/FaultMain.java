package org.tweedie.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.tweedie.device.CudaStatus;
import org.tweedie.testing.EmulatedDriver;

/**
 * The process in which faults happen. Reads a command a line and answers in one: {@code counts MODE}, {@code inject CALL NTH FAULT
 * PERSISTENT MODE}, {@code plant MISTAKE}, {@code start CALL FAULT}. What kills it kills no test, and is seen.
 */
final class FaultMain {
    private static final Path SYMBOLS = Path.of("native", "emulator", "jcuda-12.6.0.symbols");

    private FaultMain() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        try (BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            String line = commands.readLine();
            if (line != null && line.startsWith("start ")) {
                answers.println(start(line.split(" ")));
                return;
            }
            EmulatedDriver.required();
            try (Rig rig = new Rig(new TrainSampleResume(), Path.of(arguments[0]))) {
                serve(rig, line, commands, answers);
            }
        }
    }

    private static void serve(Rig rig, String first, BufferedReader commands, PrintStream answers) throws IOException {
        List<String> symbols = Files.readAllLines(SYMBOLS).stream()
                .map(String::strip)
                .filter(symbol -> symbol.startsWith("cu"))
                .toList();
        Map<Injection.Mode, String> bits = new EnumMap<>(Injection.Mode.class);
        for (String line = first; line != null; line = commands.readLine()) {
            String[] part = line.split(" ", 2);
            if (part[0].equals("plant")) {
                rig.plant(Plants.valueOf(part[1]));
                answers.println(part[1]);
            } else if (part[0].equals("counts")) {
                answers.println(rig.counts(symbols, Injection.Mode.valueOf(part[1])));
            } else {
                Injection injection = Injection.parse(part[1]);
                Verdict verdict = rig.judge(
                        injection,
                        bits.computeIfAbsent(
                                injection.mode(),
                                mode -> String.valueOf(rig.reference(mode).bits())));
                answers.println(
                        verdict.faults().isEmpty()
                                ? String.valueOf(verdict.shown())
                                : "FAULT "
                                        + String.join(" | ", verdict.faults()).replaceAll("\\R", " "));
            }
            answers.flush();
        }
    }

    /** The driver's first call fails once, and then does not: what is said of the first, and of the second try. */
    private static String start(String[] part) {
        EmulatedDriver.load();
        EmulatedDriver.fail(part[1], 1, Fault.valueOf(part[2]).code, false);
        String first = CudaStatus.probe().reason().orElse("none");
        return first + " | " + CudaStatus.probe().reason().orElse("none");
    }
}
