package org.tweedie.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.cli.CommandLines;

/** Words that mutations put into inputs. */
final class Dictionary {
    private Dictionary() {}

    static String of(Parser parser) {
        List<String> words = new ArrayList<>(
                switch (parser) {
                    case SAFETENSORS ->
                        List.of(
                                "{",
                                "}",
                                "[",
                                "]",
                                ",",
                                ":",
                                "\"dtype\":",
                                "\"shape\":",
                                "\"data_offsets\":",
                                "\"F32\"",
                                "\"F64\"",
                                "\"I64\"",
                                "\"BF16\"",
                                "\"F16\"",
                                "[0,4]",
                                "[]",
                                "\"__metadata__\":",
                                "-1",
                                "9223372036854775807",
                                "null",
                                "\\ud800",
                                " ");
                    case NPY, NPZ ->
                        List.of(
                                "\u0093NUMPY",
                                "'descr': ",
                                "'fortran_order': ",
                                "'shape': ",
                                "True",
                                "False",
                                "'<f4'",
                                "'>f8'",
                                "'<i8'",
                                "'|b1'",
                                "(",
                                ")",
                                ",",
                                "{",
                                "}",
                                "1L",
                                "999999999999999999",
                                "'",
                                "[",
                                "PK\u0001\u0002",
                                "PK\u0003\u0004",
                                "PK\u0005\u0006",
                                "PK\u0006\u0006",
                                "PK\u0006\u0007",
                                "PK\u0007\u0008",
                                "\u00ff\u00ff\u00ff\u00ff",
                                ".npy");
                    case CSV ->
                        List.of(
                                "\n",
                                "\r\n",
                                "\"",
                                "\"\"",
                                ",",
                                ";",
                                "#",
                                "nan",
                                "inf",
                                "1e39",
                                "1e-50",
                                "0x1p3",
                                "\u00ef\u00bb\u00bf",
                                "a",
                                "b",
                                "-",
                                "\u0000",
                                "\u00ff");
                    case CHECKPOINT ->
                        List.of(
                                "\u0089TWD\r\n\u001a\n",
                                "settings",
                                "weights",
                                "step",
                                "{\"",
                                "\":\"",
                                "\",\"",
                                "\"}",
                                "{}",
                                "[",
                                "1",
                                "\u0000");
                    case MODEL ->
                        List.of(
                                "\"tweedie.format\":\"1\"",
                                "\"process\":\"",
                                "vp:0.1,20",
                                "subvp",
                                "ve:0.01,50",
                                "mlp:",
                                "x1",
                                "DENOISED",
                                "SCORE",
                                "NOISE",
                                "\"ports\":\"",
                                "\"process\":\"bridge\"",
                                "\"process\":\"conditional-bridge\"",
                                "\"process\":\"domain\"",
                                "onehot:2 x interval:0,1",
                                "\"bridge.",
                                "\"process\":\"hitting\"",
                                "\"hitting.",
                                "\"port.1\":\"to\"",
                                "\"port.0\":\"x\"",
                                "\"port.0.columns\":\"",
                                "\"port.0.column.",
                                "\"port.0.encoding\":\"",
                                "standardise:0.0,0.0;1.0,1.0",
                                "[2,2]",
                                "\"",
                                ",",
                                ":",
                                "{",
                                "}");
                    case SPECS -> specs();
                    case CLI -> CommandLines.words();
                });
        StringBuilder text = new StringBuilder();
        for (String word : words) {
            text.append('"');
            for (byte b : word.getBytes(
                    parser == Parser.SPECS || parser == Parser.CLI
                            ? java.nio.charset.StandardCharsets.UTF_8
                            : java.nio.charset.StandardCharsets.ISO_8859_1)) {
                text.append(
                        b >= ' ' && b < 127 && b != '"' && b != '\\'
                                ? String.valueOf((char) b)
                                : String.format("\\x%02x", b & 0xff));
            }
            text.append("\"\n");
        }
        return text.toString();
    }

    private static List<String> specs() {
        List<String> words = new ArrayList<>();
        for (String word :
                ("vp vp-cosine subvp ve ve-exact normal columns affine radial: em rd ancestral ddim pf heun edm dpm1s dpm2s dpm2m ei pc ald uniform logsnr karras mlp: standardise: fourier: "
                                + "gaussian: sinusoidal: free: levels: points: onehot: interval: above: below: brownian constant: exponential: ou: reversed ^ silu tanh gelu relu residual cpu cpu: cuda: auto Infinity NaN 1e-5 0.1 1e400 -0 2147483648 @ : , ; x 128x3 0x")
                        .split(" ")) {
            words.add(word);
        }
        return words;
    }
}
