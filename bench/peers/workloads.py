"""The workloads as peers see them: the networks, schedules and samples that Tweedie wrote, the timing, and the checks.

Every peer prints and keeps the same rows as Tweedie's own program: workload, by, precision (F f32 all through, T TF32 products, H 16-bit
operands), size, milliseconds (median, low, high), and what was checked before the first timed run.
"""
import argparse
import json
import pathlib
import statistics
import time

import numpy as np

LINEAR_STEPS = 256
LINEAR_A = 1 - 1 / LINEAR_STEPS
LINEAR_C = (2 / LINEAR_STEPS) ** 0.5
STREAM_NUMBERS, STREAM_DIM = 1 << 28, 64
PAIRS, PAIR_DIMS = 100_000, (2, 64)
# W9: walks cached, of so many steps of one size; training steps between two refreshes, pairs a step
WALKS, WALK_STEPS, GAMMA, STEPS_BETWEEN, BATCH_OF_PAIRS = 10_000, 20, 0.01, 100, 512
ROWS = {"W0": 1 << 23, "W1": 1 << 20, "W1s": 4096, "W2": 1 << 18, "W2s": 4096}
BATCH = {"W3A": ("W1", 1 << 16), "W3B": ("W2", 1 << 16), "W3s": ("W2", 512)}
# the most that a single evaluation may be off, relative, by precision
MOST_OFF = {"F": 1e-5, "T": 2e-3, "H f16": 2e-3, "H bf16": 1e-2}


def read_safetensors(path):
    """The tensors of a file: a length, a JSON header, the numbers."""
    raw = pathlib.Path(path).read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(raw[8 + length + begin : 8 + length + end], "<f4").reshape(entry["shape"])
    return tensors


class Network:
    """A multilayer perceptron with SiLU and its schedule: x <- a x + b net(x, t) + c z along the steps."""

    def __init__(self, folder, name):
        tensors = read_safetensors(folder / f"{name}.safetensors")
        about = json.loads((folder / f"{name}.json").read_text())
        self.dim, self.prior, self.flop = about["dim"], about["prior"], about["flop"]
        depth = sum(1 for key in tensors if key.startswith("network.layer.") and key.endswith("weight"))
        self.layers = [(tensors[f"network.layer.{l}.weight"], tensors[f"network.layer.{l}.bias"]) for l in range(depth)]
        self.time = [tensors[f"network.time.{l}.weight"] for l in range(depth)]
        self.frequencies = tensors["network.time.frequencies"]
        self.out = (tensors["network.out.weight"], tensors["network.out.bias"])
        self.steps = np.load(folder / f"{name}-steps.npy").astype(np.float64)
        self.samples = np.load(folder / f"{name}-samples.npy")

    def features(self, t):
        turns = 2 * np.pi * np.multiply.outer(t, self.frequencies.astype(np.float64))
        return np.concatenate([np.sin(turns), np.cos(turns)], axis=-1)

    def biases(self):
        """[steps, layers, width]: what of each layer follows from the step's time, folded into its bias."""
        features = self.features(self.steps[:, 0])
        return np.stack([b + features @ w.T for (_, b), w in zip(self.layers, self.time)], axis=1)

    def exact(self, x, step):
        """The network at one step in double."""
        h = x.astype(np.float64)
        for (w, _), bias in zip(self.layers, self.biases()[step]):
            h = h @ w.T.astype(np.float64) + bias
            h = h / (1 + np.exp(-h))
        return h @ self.out[0].T.astype(np.float64) + self.out[1]

    def check(self, evaluate, precision):
        """Holds evaluate(x, step) to the network in double; says how far off it was."""
        x = np.random.default_rng(1).standard_normal((1024, self.dim)).astype(np.float32)
        off = []
        for step in (0, len(self.steps) // 2, len(self.steps) - 1):
            exact = self.exact(x, step)
            off.append(float(np.linalg.norm(evaluate(x, step) - exact) / np.linalg.norm(exact)))
        worst = float(np.max(off))
        if not worst <= MOST_OFF[precision]:
            raise SystemExit(f"an evaluation is off by {worst:.2e}, over {MOST_OFF[precision]:.0e}")
        return f"evaluation off by {worst:.1e}"

    def compare(self, samples):
        """Holds samples to Tweedie's by their energy distance: no larger than 99.9 % of those of random splits of both together."""
        rows = min(1024, len(samples), len(self.samples))
        pooled = np.concatenate([samples[:rows], self.samples[:rows]]).astype(np.float64)
        distance = np.sqrt(((pooled[:, None, :] - pooled[None, :, :]) ** 2).sum(-1))
        sign = np.repeat([1.0, -1.0], rows)

        def energy(s):
            return -s @ distance @ s / rows**2

        random = np.random.default_rng(2)
        splits = sorted(energy(random.permutation(sign)) for _ in range(1000))
        got = energy(sign)
        if not got <= splits[-1]:
            raise SystemExit(f"samples are not Tweedie's: energy distance {got:.4f}, of random splits at most {splits[-1]:.4f}")
        return f"energy distance {got:.4f}, 99 % of splits {splits[989]:.4f}"


class Score:
    """A network as a score: skip x + gain net(scale x, t), with a level (t, scale, skip, gain, alpha, sigma) for each time."""

    def __init__(self, folder, network, about):
        tensors = read_safetensors(folder / f"{network}.safetensors")
        depth = sum(1 for key in tensors if key.startswith("network.layer.") and key.endswith("weight"))
        self.layers = [(tensors[f"network.layer.{l}.weight"], tensors[f"network.layer.{l}.bias"]) for l in range(depth)]
        self.time = [tensors[f"network.time.{l}.weight"] for l in range(depth)]
        self.frequencies = tensors["network.time.frequencies"]
        self.out = (tensors["network.out.weight"], tensors["network.out.bias"])
        self.about = json.loads((folder / f"{about}.json").read_text())
        self.folder = folder

    def table(self, name):
        return np.load(self.folder / f"{name}.npy").astype(np.float64)

    compare = Network.compare

    def hold(self, name):
        """Takes samples of this name to compare with."""
        self.samples = self.table(name).astype(np.float32)
        return self


def densities(ours, theirs, errors):
    """Holds log-densities of rows to Tweedie's: each by the exact divergence, their mean, within five standard errors, by probes."""
    apart = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    if errors:
        off = float(apart.mean() / (apart.std() / len(apart) ** 0.5 + 1e-4))
        if not abs(off) < 5:
            raise SystemExit(f"the mean log-density is {off:.1f} standard errors off")
        return f"mean {off:.1f} standard errors off"
    off = float(np.abs(apart).max())
    if not off < 1e-2:
        raise SystemExit(f"a log-density is off by {off:.2e}")
    return f"log-densities off by {off:.1e}"


def standard(numbers):
    """Holds numbers to the standard normal law: mean and variance within five standard errors."""
    numbers = np.asarray(numbers, np.float64).ravel()[: 1 << 20]
    mean, variance = numbers.mean() * len(numbers) ** 0.5, ((numbers**2).mean() - 1) * (len(numbers) / 2) ** 0.5
    if not (abs(mean) < 5 and abs(variance) < 5):
        raise SystemExit(f"the noise is off by {mean:.1f} and {variance:.1f} standard errors")
    return f"noise: mean {mean:.1f} and variance {variance:.1f} standard errors off"


class Results:
    """Times work, prints and keeps rows."""

    def __init__(self, peer):
        parser = argparse.ArgumentParser(description=f"{peer} on Tweedie's workloads")
        parser.add_argument("--inputs", type=pathlib.Path, required=True, help="what Workloads --inputs wrote")
        parser.add_argument("--out", type=pathlib.Path, required=True)
        parser.add_argument("--device", default="cuda")
        parser.add_argument("--scale", type=float, default=1.0, help="share of the rows")
        parser.add_argument("--runs", type=int, default=10)
        parser.add_argument("--seconds", type=float, default=6.0, help="that the timed runs of a row may take together; two runs at least")
        parser.add_argument("--limit", type=float, default=float("inf"), help="seconds after which no further row is begun")
        parser.add_argument("--only", default="", help="workloads, by commas")
        self.peer, self.rows, self.versions = peer, [], {}
        self.options = parser.parse_args()
        self.began = time.perf_counter()

    def wants(self, workload):
        return not self.options.only or workload in self.options.only.split(",")

    def count(self, full):
        return max(64, round(full * self.options.scale))

    def network(self, name):
        return Network(self.options.inputs, name)

    @staticmethod
    def stopwatch(run, synchronize):
        """Milliseconds of run(), which starts the work; synchronize() waits for it."""
        synchronize()
        began = time.perf_counter()
        run()
        synchronize()
        return (time.perf_counter() - began) * 1e3

    def time(self, workload, by, precision, size, amount, unit, check, run, synchronize, share=1.0):
        """Times run after one or two runs that are not counted; share of a run is one item."""
        first = self.stopwatch(run, synchronize)
        if first < 1000:
            first = self.stopwatch(run, synchronize)
        runs = max(min(2, self.options.runs), min(self.options.runs, int(1e3 * self.options.seconds / first)))
        milliseconds = [self.stopwatch(run, synchronize) * share for _ in range(runs)]
        self.rows.append(
            dict(workload=workload, by=f"{self.peer} {by}", precision=precision, size=size,
                 milliseconds=statistics.median(milliseconds), low=min(milliseconds), high=max(milliseconds),
                 runs=len(milliseconds), amount=amount, unit=unit, check=check))
        print(f"{workload:5} {self.rows[-1]['by']:30} {precision:6} {size:28} {self.rows[-1]['milliseconds']:10.3f} ms  {check}", flush=True)

    def failed(self, workload, by, why):
        print(f"{workload} {by} failed: {why}", flush=True)
        self.rows.append(dict(workload=workload, by=f"{self.peer} {by}", precision="-", size="-", milliseconds=None, low=None, high=None,
                              runs=0, amount=0, unit="-", check=f"failed: {why}"))

    def attempt(self, workload, by, work):
        """Runs work; a peer that cannot do it is a row that says so, and the others go on. What there is lies on disk after each."""
        if not self.wants(workload):
            return
        try:
            if time.perf_counter() - self.began > self.options.limit:
                raise SystemExit(f"not begun, {self.options.limit:.0f} seconds were over")
            work()
        except SystemExit as e:
            self.failed(workload, by, e)
        except Exception as e:
            self.failed(workload, by, f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}")
        self.options.out.write_text(json.dumps(dict(peer=self.peer, versions=self.versions, rows=self.rows), indent=1))
