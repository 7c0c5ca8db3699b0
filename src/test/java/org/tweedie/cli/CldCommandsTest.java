package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows with velocities from the command line, from end to end. */
class CldCommandsTest {
    @TempDir
    Path folder;

    @Test
    void trainsSamplesAndSaysWhatItHasNot() throws IOException {
        StringBuilder csv = new StringBuilder("a,b\n");
        for (int i = 0; i < 60; i++) {
            csv.append(i % 7).append(',').append(i % 11).append('\n');
        }
        Path data = Files.writeString(folder.resolve("data.csv"), csv);
        Path model = folder.resolve("m.safetensors");
        Cli.run("train --data " + data + " --out " + model
                        + " --sde cld --network mlp:8x1 --steps 3 --batch 8 --weighting likelihood --device cpu")
                .ok();
        Map<String, Object> made = Cli.run("sample --json --model " + model + " --count 5 --out "
                        + folder.resolve("s.csv") + " --device cpu")
                .json();
        assertTrue(((String) made.get("again")).contains("--method sscs:midpoint@50,quadratic"), made.toString());
        assertEquals(6, Files.readAllLines(folder.resolve("s.csv")).size());
        Cli.run("sample --model " + model + " --count 5 --method em@7 --out " + folder.resolve("e.npy")
                        + " --device cpu")
                .ok();
        String said = Cli.run("explain --model " + model + " --device cpu").ok().out();
        assertTrue(
                said.contains("cld:4,4,0.04") && said.contains("inputs x") && said.contains("sscs:midpoint@50"), said);
        Cli.run("evaluate --model " + model + " --data " + data + " --count 20 --device cpu")
                .ok();
        String rows = "carries a velocity beside each row";
        String likelihood = "likelihood --json --model " + model + " --data " + data + " --steps 10 --device cpu ";
        Map<String, Object> judged = Cli.run(likelihood).json();
        assertTrue((double) judged.get("meanBound") < 0 && !judged.containsKey("errorOfVelocities"), judged.toString());
        assertEquals(40L, ((Number) judged.get("evaluations")).longValue());
        judged = Cli.run(likelihood + "--velocities 3 --out " + folder.resolve("l.csv"))
                .json();
        assertTrue((double) judged.get("errorOfVelocities") > 0, judged.toString());
        assertEquals(120L, ((Number) judged.get("evaluations")).longValue());
        assertEquals(
                "bound of log density",
                Files.readAllLines(folder.resolve("l.csv")).get(0));
        Cli.run(likelihood + "--velocities 0").failed(2, "velocities must be positive, got 0");
        Cli.run(likelihood + "--bound chain").failed(2, rows);
        Cli.run(likelihood + "--bound chain --velocities 2").failed(2, "--velocities is for the ODE");
        String latents = "latents --model " + model + " --device cpu --data ";
        Path encoded = folder.resolve("latents.csv");
        Cli.run(latents + data + " --out " + encoded).ok();
        assertEquals(
                "latent a,latent b,latent velocity a,latent velocity b",
                Files.readAllLines(encoded).get(0));
        Path back = folder.resolve("back.csv");
        assertTrue(Cli.run(latents + encoded + " --decode --method heun@80 --out " + back)
                .ok()
                .out()
                .contains("60 rows by heun@80"));
        assertEquals("a,b", Files.readAllLines(back).get(0));
        Cli.run(latents + data + " --decode --out " + folder.resolve("n.csv")).failed(2, "latent rows have 4 columns");
        Cli.run("sample --model " + model + " --count 5 --method ddim:0@5 --out " + folder.resolve("d.npy")
                        + " --device cpu")
                .failed(2, "take em, ei, pf, heun or sscs");
        Cli.run("sample --model " + model + " --count 5 --guidance 2 --out " + folder.resolve("d.npy")
                        + " --device cpu")
                .failed(2, "trained with dropped conditions");
        Cli.run("train --data " + data + " --out " + folder.resolve("n.safetensors")
                        + " --sde cld --objective sliced --steps 3 --device cpu")
                .failed(2, "hybrid score matching");
        Cli.run("train --data " + data + " --out " + folder.resolve("n.safetensors") + " --sde cld:1 --device cpu")
                .failed(2, "BETA,INVERSE-MASS,INITIAL");
    }

    @Test
    void theorySaysWhatIsPromisedAndWhatIsSo() throws IOException {
        String said = Cli.run("theory --sde cld --dim 3 --horizon 4 --steps 50 --score-error 0.1")
                .ok()
                .out();
        assertTrue(said.contains("Girsanov, KL, no constant") && said.contains("the same of positions"), said);
        for (String sde : new String[] {"cld --horizon 4", "cld:4,4,0.04"}) {
            Map<String, Object> json =
                    Cli.run("theory --json --steps 50 --sde " + sde).json();
            double kl = (double) ((Map<?, ?>) json.get("measured")).get("kl");
            assertTrue(kl > 0 && kl < (double) ((Map<?, ?>) json.get("girsanov")).get("kl"), json.toString());
            assertEquals(sde.startsWith("cld "), json.containsKey("chen"));
        }
        Cli.run("theory --sde cld --data mixture:1,0.25").failed(2, "of Gaussian data with a density");
        Cli.run("theory --sde cld --horizon 0").failed(2, "horizon must be positive");
        Cli.run("theory --sde cld --stop 9").failed(2, "--stop must be from 0");
    }
}
