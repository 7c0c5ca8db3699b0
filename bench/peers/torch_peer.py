"""PyTorch: eager, and torch.compile(max-autotune) of some steps in a CUDA graph that is replayed."""
import copy

import numpy as np
import torch

import workloads as W

results = W.Results("PyTorch")
device = torch.device(results.options.device)
on_gpu = device.type == "cuda"
CHUNK = 10
PRECISIONS = {"F": torch.float32, "T": torch.float32, "H f16": torch.float16, "H bf16": torch.bfloat16}


results.versions = dict(torch=torch.__version__, cuda=torch.version.cuda, gpu=torch.cuda.get_device_name() if on_gpu else "none")


def synchronize():
    if on_gpu:
        torch.cuda.synchronize()


def events(run, wait):
    """Milliseconds of run() between two events of the current stream."""
    wait()
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    run()
    after.record()
    wait()
    return before.elapsed_time(after)


if on_gpu:
    results.stopwatch = events


def matmuls(precision):
    torch.set_float32_matmul_precision("highest" if precision == "F" else "high")


def tensor(array, dtype=torch.float32):
    return torch.tensor(np.asarray(array), dtype=dtype, device=device)


class Steps:
    """A network's steps; the number of the step is a tensor, so that one graph serves all."""

    def __init__(self, network, precision):
        kind = PRECISIONS[precision]
        self.network, self.kind = network, kind
        self.weights = [tensor(w, kind) for w, _ in network.layers]
        self.biases = tensor(network.biases(), kind)
        self.out = tensor(network.out[0], kind), tensor(network.out[1], kind)
        self.table = tensor(network.steps[:, 1:])

    def evaluate(self, x, biases):
        h = x.to(self.kind)
        for w, bias in zip(self.weights, biases):
            h = torch.nn.functional.silu(torch.nn.functional.linear(h, w, bias))
        return torch.nn.functional.linear(h, *self.out).float()

    def step(self, x, k):
        a, b, c = self.table.index_select(0, k)[0]
        return a * x + b * self.evaluate(x, self.biases.index_select(0, k)[0]) + c * torch.randn_like(x)

    def check(self, precision):
        return self.network.check(lambda x, k: self.evaluate(tensor(x), self.biases[k]).cpu().numpy(), precision)

    def start(self, rows):
        return self.network.prior * torch.randn(rows, self.network.dim, device=device)

    def eager(self, rows):
        x = self.start(rows)
        for k in range(len(self.table)):
            a, b, c = self.network.steps[k, 1:]
            x = a * x + b * self.evaluate(x, self.biases[k]) + c * torch.randn_like(x)
        return x

    def compiled(self, rows):
        """Some steps compiled and, on a GPU, captured; returns what runs a whole trajectory."""

        def some(x, k):
            for i in range(CHUNK):
                x = self.step(x, k + i)
            return x

        fast = torch.compile(some, mode="max-autotune-no-cudagraphs" if on_gpu else "default", dynamic=False)
        x, k = self.start(rows), torch.zeros(1, dtype=torch.int64, device=device)
        if not on_gpu:
            def run():
                y = self.start(rows)
                for first in range(0, len(self.table), CHUNK):
                    y = fast(y, torch.full((1,), first))
                return y
            return run
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(3):
                fast(x, k)
        synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            x.copy_(fast(x, k))
            k.add_(CHUNK)

        def run():
            x.copy_(self.start(rows))
            k.zero_()
            for _ in range(len(self.table) // CHUNK):
                graph.replay()
            return x
        return run


@torch.no_grad()
def sampling(workload, precision, by):
    matmuls(precision)
    network = results.network(workload.rstrip("s"))
    rows, steps = results.count(W.ROWS[workload]), Steps(network, precision)
    check = steps.check(precision)
    run = (lambda: steps.eager(rows)) if by == "eager" else steps.compiled(rows)
    check += "; " + network.compare(run().cpu().numpy())
    results.time(workload, by, precision, f"{rows} rows x {len(steps.table)} steps", network.flop * rows * len(steps.table), "flop", check,
                 run, synchronize)


def replayed(body, *tensors):
    """body(*tensors) compiled and, on a GPU, captured: what runs it once."""
    fast = torch.compile(body, mode="max-autotune-no-cudagraphs" if on_gpu else "default", dynamic=False)
    if not on_gpu:
        return lambda: fast(*tensors)
    for _ in range(3):
        fast(*tensors)
    synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        fast(*tensors)
    return graph.replay


@torch.no_grad()
def linear(by):
    rows = results.count(W.ROWS["W0"])
    x = torch.empty(rows, 3, device=device)

    chunk = 1 if by == "eager" else 16

    def chunked(x):
        y = x
        for _ in range(chunk):
            y = W.LINEAR_A * y + W.LINEAR_C * torch.randn_like(y)
        x.copy_(y)

    once = (lambda: chunked(x)) if by == "eager" else replayed(chunked, x)

    def run():
        x.normal_()
        for _ in range(W.LINEAR_STEPS // chunk):
            once()

    run()
    a2 = W.LINEAR_A**2
    variance = a2**W.LINEAR_STEPS + W.LINEAR_C**2 * (1 - a2**W.LINEAR_STEPS) / (1 - a2)
    off = (x.double().pow(2).mean().item() / variance - 1) / (2 / x.numel()) ** 0.5
    if abs(off) > 5:
        raise SystemExit(f"the variance is {off:.1f} standard errors off")
    results.time("W0", by, "F", f"{rows} rows x 3 x {W.LINEAR_STEPS} steps", 9.0 * rows * 3 * W.LINEAR_STEPS, "flop",
                 f"variance {off:.1f} standard errors off", run, synchronize)


@torch.no_grad()
def streaming(workload, by):
    rows = results.count(W.STREAM_NUMBERS // W.STREAM_DIM)
    x, out, kept = (torch.randn(rows, W.STREAM_DIM, device=device) for _ in range(3))

    def perturb(x, out, kept):
        eps = torch.randn_like(x)
        out.copy_(0.8 * x + 0.6 * eps)
        kept.copy_(eps)

    def step(x, out, kept):
        x.copy_(0.99 * x + 0.01 * out + 0.1 * torch.randn_like(x))

    body = perturb if workload == "W4" else step
    run = (lambda: body(x, out, kept)) if by == "eager" else replayed(body, x, out, kept)
    run()
    if workload == "W4":
        off = (out - 0.8 * x - 0.6 * kept).abs().max().item()
        if not off < 1e-5:
            raise SystemExit(f"x_t is off by {off}")
        check = f"x_t off by {off:.0e}; " + W.standard(kept.cpu().numpy())
    else:
        first = x.clone()
        run()
        check = W.standard(((x - 0.99 * first - 0.01 * out) / 0.1).cpu().numpy())
    results.time(workload, by + (", eps kept" if workload == "W4" else ""), "F", f"{rows} rows x {W.STREAM_DIM}",
                 12.0 * rows * W.STREAM_DIM, "byte", check, run, synchronize)


class Model(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(w.shape[1], w.shape[0]) for w, _ in network.layers)
        self.time = torch.nn.ModuleList(torch.nn.Linear(w.shape[1], w.shape[0], bias=False) for w in network.time)
        self.out = torch.nn.Linear(network.out[0].shape[1], network.out[0].shape[0])
        self.register_buffer("frequencies", torch.as_tensor(network.frequencies.copy()))
        with torch.no_grad():
            for layer, (w, b) in zip(self.layers, network.layers):
                layer.weight.copy_(torch.as_tensor(w.copy()))
                layer.bias.copy_(torch.as_tensor(b.copy()))
            for layer, w in zip(self.time, network.time):
                layer.weight.copy_(torch.as_tensor(w.copy()))
            self.out.weight.copy_(torch.as_tensor(network.out[0].copy()))
            self.out.bias.copy_(torch.as_tensor(network.out[1].copy()))

    def forward(self, x, t):
        turns = 2 * torch.pi * t * self.frequencies
        features = torch.cat([turns.sin(), turns.cos()], dim=1)
        h = x
        for layer, time in zip(self.layers, self.time):
            h = torch.nn.functional.silu(layer(h) + time(features))
        return self.out(h)


def training(workload, precision, by):
    matmuls(precision)
    name, batch = W.BATCH[workload]
    network = results.network(name)
    batch = results.count(batch)
    model = Model(network).to(device)
    average = copy.deepcopy(model).requires_grad_(False)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, fused=on_gpu, capturable=on_gpu)
    data = torch.randn(1 << 16, network.dim, device=device)
    half = precision.startswith("H")
    kind = PRECISIONS[precision]

    def loss_of():
        x0 = data[torch.randint(len(data), (batch,), device=device)]
        t = torch.rand(batch, 1, device=device) * 0.98 + 0.01
        eps = torch.randn_like(x0)
        with torch.autocast(device.type, kind, enabled=half):
            prediction = model(torch.sqrt(1 - t) * x0 + torch.sqrt(t) * eps, t)
        return (prediction.float() - eps).square().sum(1).mean()

    forward = loss_of if by == "eager" else torch.compile(loss_of, mode="max-autotune-no-cudagraphs" if on_gpu else "default")

    def step():
        loss = forward()
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1e-3)
        return loss

    if by == "eager" or not on_gpu:
        run = step
        first = step().item()
    else:
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(5):
                first = step()
        synchronize()
        first = first.item()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        run = graph.replay
    if not 0 < first < 1e3:
        raise SystemExit(f"the loss is {first}")
    many = 100 if on_gpu else 3

    def steps():
        for _ in range(many):
            run()

    results.time(workload, by, precision, f"batch {batch}, a step", 3 * network.flop * batch, "flop", f"finite, first loss {first:.2f}", steps,
                 synchronize, 1 / many)


def time_of(level):
    return torch.full((1, 1), float(level[0]), device=device)


def score_of(model, x, level, *given):
    """The score at a level, rows of x beside what is given."""
    seen = level[1] * x
    if given:
        seen = torch.cat([seen, *given], dim=1)
    return level[2] * x + level[3] * model(seen, time_of(level))


@torch.no_grad()
def density(kind, by):
    """W6: log-densities by the probability flow in y = x / alpha and u = ln(sigma / alpha), Runge and Kutta's fourth order."""
    matmuls("F")
    score = W.Score(results.options.inputs, "W1", "W6")
    model = Model(score).to(device)
    levels, known, theirs = score.table("W6-levels"), tensor(score.table("W6-rows")), score.table("W6-densities")[:, 0]
    steps, rows, flop = (len(levels) - 1) // 2, results.count(score.about["rows"]), score.about["flop"]
    basis = torch.eye(known.shape[1], device=device)

    def slopes(y, level, v):
        alpha, sigma = level[4], level[5]
        total = 0
        for one in basis if kind == "exact" else [v]:
            direction = one.expand_as(y)
            s, along = torch.func.jvp(lambda x: score_of(model, x, level), (alpha * y,), (direction,))
            total = total + (direction * along).sum(1)
        return -sigma / alpha * sigma * s, -sigma * sigma * total

    def logs(x):
        v = torch.randint(0, 2, x.shape, device=device) * 2.0 - 1.0
        y, change = x / levels[0][4], 0
        for k in range(steps):
            first, middle, last = levels[2 * k : 2 * k + 3]
            h = np.log(last[5] / last[4]) - np.log(first[5] / first[4])
            dy1, dp1 = slopes(y, first, v)
            dy2, dp2 = slopes(y + h / 2 * dy1, middle, v)
            dy3, dp3 = slopes(y + h / 2 * dy2, middle, v)
            dy4, dp4 = slopes(y + h * dy3, last, v)
            y = y + h / 6 * (dy1 + 2 * dy2 + 2 * dy3 + dy4)
            change = change + h / 6 * (dp1 + 2 * dp2 + 2 * dp3 + dp4)
        latent, prior, dim = levels[-1][4] * y, score.about["prior"], x.shape[1]
        normal = -0.5 * (latent / prior).square().sum(1) - dim * (np.log(prior) + 0.5 * np.log(2 * np.pi))
        return change + normal + dim * np.log(levels[-1][4] / levels[0][4])

    check = W.densities(logs(known).cpu().numpy(), theirs, kind != "exact")
    x = known.repeat(-(-rows // len(known)), 1)[:rows].contiguous()
    what = "exact divergence" if kind == "exact" else "one probe"
    results.time("W6", f"{by}, {what}", "F", f"{rows} rows x {steps} steps", flop * (3 if kind == "exact" else 2) * rows * steps * 4, "flop",
                 check, lambda: logs(x), synchronize)


def guided(workload, by):
    """W7c: classifier-free guidance; W7d: diffusion posterior sampling of rows whose first column was seen with noise."""
    matmuls("F")
    score = W.Score(results.options.inputs, "W7c" if workload == "W7c" else "W1", "W7").hold(f"{workload}-samples")
    model, steps, about = Model(score).to(device).requires_grad_(False), score.table(f"{workload}-steps"), score.about
    rows = results.count(about["rows"])

    def free(x, level):
        ones = torch.ones(len(x), 1, device=device)
        conditional = score_of(model, x, level, about["condition"] * ones, 0 * ones)  # the last input is -1 where there is no condition
        return about["weight"] * conditional + (1 - about["weight"]) * score_of(model, x, level, 0 * ones, -ones)

    def posterior(x, level):
        x = x.detach().requires_grad_(True)
        s = score_of(model, x, level)
        denoised = (x + level[5] ** 2 * s) / level[4]
        log = (denoised[:, 0] - about["seen"]).square().sum() / (-2 * about["noise"] ** 2)
        return s.detach() + torch.autograd.grad(log, x)[0]

    toward = free if workload == "W7c" else posterior
    if by != "eager":
        toward = torch.compile(toward, mode="max-autotune-no-cudagraphs" if on_gpu else "default", dynamic=False)

    def run():
        with torch.no_grad() if workload == "W7c" else torch.enable_grad():
            x = about["prior"] * torch.randn(rows, 2, device=device)
            for line in steps:
                x = line[0] * x + line[1] * toward(x, line[3:]) + line[2] * torch.randn_like(x)
            return x.detach()

    check = score.compare(run().cpu().numpy())
    results.time(workload, by, "F", f"{rows} rows x {len(steps)} steps", 2 * about["flop"] * rows * len(steps), "flop", check, run, synchronize)


@torch.no_grad()
def pairs(by):
    """W8: sums of a Gaussian kernel along the rows of all pairs, by cdist over as many rows at a time as keep a gigabyte."""
    matmuls("F")
    rows = results.count(W.PAIRS)
    for dim in W.PAIR_DIMS:
        x, y = (torch.randn(rows, dim, device=device) for _ in range(2))
        chunk = max(1, min(rows, (1 << 28) // rows))

        def run():
            return torch.cat([(torch.cdist(part, y).square() * (-0.25 / dim)).exp().sum(1, dtype=torch.float64) for part in x.split(chunk)])

        exact = (torch.cdist(x[:16].double(), y.double()).square() * (-0.25 / dim)).exp().sum(1)
        off = (run()[:16] / exact - 1).abs().max().item()
        if not off < 1e-3:
            raise SystemExit(f"a sum is off by {off:.1e}")
        results.time("W8", by + " cdist", "F", f"{rows} x {rows} pairs x {dim}", (3.0 * dim + 20) * rows * rows, "flop",
                     f"off by {off:.0e} of double, relative", run, synchronize)


def bridging(precision, by):
    """W9: walks of a bridge cached and walked anew every so many steps of training, as the code of De Bortoli et al. does; drift matching.

    An iteration: a half bridge from walks of the reference, which is Brownian motion, and one from walks of the network.
    """
    matmuls(precision)
    network = results.network("W1")
    walks = results.count(W.WALKS)
    teacher, model = Model(network).to(device).requires_grad_(False), Model(network).to(device)
    average = copy.deepcopy(model).requires_grad_(False)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, fused=on_gpu, capturable=on_gpu)
    data = torch.randn(W.WALKS, network.dim, device=device)
    half, kind = precision.startswith("H"), PRECISIONS[precision]
    gamma, steps = W.GAMMA, W.WALK_STEPS
    inputs, targets = (torch.empty(steps, walks, network.dim, device=device) for _ in range(2))
    times = torch.empty(steps, walks, 1, device=device)
    picked = torch.empty(W.BATCH_OF_PAIRS, dtype=torch.int64, device=device)

    def walked(x, t):
        """A step of the walk, and what it teaches: (F(x) - F(y)) / gamma + (y - x) / gamma, less what stays."""
        with torch.autocast(device.type, kind, enabled=half):
            drift = teacher(x, t).float()
        mean = x + gamma * drift
        y = mean + (2 * gamma) ** 0.5 * torch.randn_like(x)
        with torch.autocast(device.type, kind, enabled=half):
            after = teacher(y, t).float()
        return y, (mean - y - gamma * after) / gamma

    def strolled(x, t):
        """The same of the reference."""
        y = x + (2 * gamma) ** 0.5 * torch.randn_like(x)
        return y, (x - y) / gamma

    def loss_of():
        x, goal, t = (table.flatten(0, 1)[picked] for table in (inputs, targets, times))
        with torch.autocast(device.type, kind, enabled=half):
            out = model(x, t)
        return (gamma / 2) * (out.float() - goal).square().sum(1).mean()

    compiled = by != "eager"
    mode = "max-autotune-no-cudagraphs" if on_gpu else "default"
    walk, stroll = (torch.compile(one, mode=mode) if compiled else one for one in (walked, strolled))
    forward = torch.compile(loss_of, mode=mode) if compiled else loss_of

    def refresh(one):
        with torch.no_grad():
            x = data[torch.randint(len(data), (walks,), device=device)]
            for k in range(steps):
                times[k].fill_(k / steps)
                x, targets[k] = one(x, times[k])
                inputs[k] = x
                times[k].fill_((k + 1) / steps)

    def step():
        picked.copy_(torch.randint(steps * walks, (W.BATCH_OF_PAIRS,), device=device))
        loss = forward()
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1e-2)
        return loss

    works = [step, lambda: refresh(stroll), lambda: refresh(walk)]
    for work in works[1:]:
        work()
    first = step().item()
    if compiled and on_gpu:
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(5):
                step()
            for work in works[1:]:
                work()
        synchronize()
        graphs = [torch.cuda.CUDAGraph() for _ in works]
        for graph, work in zip(graphs, works):
            with torch.cuda.graph(graph):
                work()
        works = [graph.replay for graph in graphs]
    if not 0 < first < 20:
        raise SystemExit(f"the loss is {first}")
    between = W.STEPS_BETWEEN

    def some():
        for again in works[1:]:
            again()
            for _ in range(between):
                works[0]()

    rows = 3 * W.BATCH_OF_PAIRS + steps * walks / between
    results.time("W9", by, precision, f"{walks} walks, a step of 2 x {between}", rows * network.flop, "flop", f"finite, first loss {first:.2f}",
                 some, synchronize, 0.5 / between)


# What is asked for, in order: what is quick and what the targets name comes first, for each compilation takes long.
ASKED = """
    eager F: W4 W5 W0 W1s W1 W3s W3A
    eager F: W8 W6 W7c W7d W9
    compiled F: W4 W5 W0
    compiled H bf16: W1s W1
    compiled H f16: W1
    eager H bf16: W1s W1 W3s W3A
    compiled H bf16: W3s W9 W3A W2s W2
    eager F: W2s W2 W3B
    eager T: W1 W2
    eager H bf16: W2s W2 W3B
    compiled H bf16: W3B
    compiled F: W1 W7c
"""


def main():
    for line in ASKED.strip().splitlines():
        asked, workloads = line.strip().split(": ")
        form, precision = asked.split(" ", 1)
        by = form + (" in a graph" if on_gpu and form == "compiled" else "")
        for workload in workloads.split():
            torch.compiler.reset()
            if workload == "W0":
                results.attempt(workload, by, lambda: linear(by))
            elif workload == "W8":
                results.attempt(workload, by, lambda: pairs(by))
            elif workload == "W6":
                for kind in ("exact", "probed"):
                    results.attempt(workload, f"{by} {kind}", lambda: density(kind, by))
            elif workload in ("W7c", "W7d"):
                results.attempt(workload, by, lambda: guided(workload, form))
            elif workload == "W9":
                results.attempt(workload, f"{by} {precision}", lambda: bridging(precision, by))
            elif workload in ("W4", "W5"):
                results.attempt(workload, by, lambda: streaming(workload, by))
            else:
                run = training if workload in W.BATCH else sampling
                results.attempt(workload, f"{by} {precision}", lambda: run(workload, precision, by))


if __name__ == "__main__":
    main()
