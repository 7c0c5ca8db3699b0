"""JAX: jit of lax.scan over all steps, with JAX's own defaults and in 16 bits."""
import functools

import workloads as W

results = W.Results("JAX")
if results.options.device == "cpu":
    import os

    os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp

KINDS = {"F": jnp.float32, "T": jnp.float32, "H bf16": jnp.bfloat16}
# JAX's default on a GPU is TF32
PRODUCTS = {"F": "float32", "T": "default", "H bf16": "default"}


def sampling(workload, precision):
    network = results.network(workload.rstrip("s"))
    rows, kind = results.count(W.ROWS[workload]), KINDS[precision]
    weights = [jnp.asarray(w, kind) for w, _ in network.layers]
    biases = jnp.asarray(network.biases(), kind)
    out = jnp.asarray(network.out[0], kind), jnp.asarray(network.out[1], kind)
    table = jnp.asarray(network.steps[:, 1:], jnp.float32)

    def evaluate(x, bias):
        h = x.astype(kind)
        for w, b in zip(weights, bias):
            h = jax.nn.silu(h @ w.T + b)
        return (h @ out[0].T + out[1]).astype(jnp.float32)

    @jax.jit
    def run(key):
        start, loop = jax.random.split(key)

        def step(x, inputs):
            k, (a, b, c), bias = inputs
            z = jax.random.normal(jax.random.fold_in(loop, k), x.shape)
            return a * x + b * evaluate(x, bias) + c * z, None

        x = network.prior * jax.random.normal(start, (rows, network.dim))
        return jax.lax.scan(step, x, (jnp.arange(len(table)), table, biases))[0]

    with jax.default_matmul_precision(PRODUCTS[precision]):
        check = network.check(lambda x, k: jax.device_get(evaluate(jnp.asarray(x), biases[k])), precision)
        check += "; " + network.compare(jax.device_get(run(jax.random.key(0))))
        measure(workload, precision, f"{rows} rows x {len(table)} steps", network.flop * rows * len(table), "flop", check,
                lambda i: run(jax.random.key(i)))


def measure(workload, precision, size, amount, unit, check, run, share=1.0):
    last = []

    def start():
        last[:] = [run(len(last) + 1)]

    results.time(workload, "jit" + (" of scan" if unit == "flop" else ""), precision, size, amount, unit, check, start,
                 lambda: jax.block_until_ready(last), share)


def linear():
    rows = results.count(W.ROWS["W0"])

    @jax.jit
    def run(key):
        def step(x, k):
            return W.LINEAR_A * x + W.LINEAR_C * jax.random.normal(jax.random.fold_in(key, k), x.shape), None

        x = jax.random.normal(jax.random.fold_in(key, W.LINEAR_STEPS), (rows, 3))
        return jax.lax.scan(step, x, jnp.arange(W.LINEAR_STEPS))[0]

    a2 = W.LINEAR_A**2
    variance = a2**W.LINEAR_STEPS + W.LINEAR_C**2 * (1 - a2**W.LINEAR_STEPS) / (1 - a2)
    off = float((jnp.square(run(jax.random.key(0))).mean() / variance - 1) / (2 / (3 * rows)) ** 0.5)
    if not abs(off) < 5:
        raise SystemExit(f"the variance is {off:.1f} standard errors off")
    measure("W0", "F", f"{rows} rows x 3 x {W.LINEAR_STEPS} steps", 9.0 * rows * 3 * W.LINEAR_STEPS, "flop",
            f"variance {off:.1f} standard errors off", lambda i: run(jax.random.key(i)))


def streaming(workload):
    rows = results.count(W.STREAM_NUMBERS // W.STREAM_DIM)
    x, score = (jax.random.normal(jax.random.key(i), (rows, W.STREAM_DIM)) for i in range(2))

    @jax.jit
    def perturb(key, x, score):
        eps = jax.random.normal(key, x.shape)
        return 0.8 * x + 0.6 * eps, eps

    @jax.jit
    def step(key, x, score):
        return 0.99 * x + 0.01 * score + 0.1 * jax.random.normal(key, x.shape)

    body = perturb if workload == "W4" else step
    if workload == "W4":
        noisy, eps = perturb(jax.random.key(3), x, score)
        off = float(jnp.abs(noisy - 0.8 * x - 0.6 * eps).max())
        if not off < 1e-5:
            raise SystemExit(f"x_t is off by {off}")
        check = f"x_t off by {off:.0e}; " + W.standard(jax.device_get(eps))
    else:
        check = W.standard(jax.device_get((step(jax.random.key(3), x, score) - 0.99 * x - 0.01 * score) / 0.1))
    measure(workload, "F", f"{rows} rows x {W.STREAM_DIM}", 12.0 * rows * W.STREAM_DIM, "byte", check,
            lambda i: body(jax.random.key(i), x, score))


results.versions = dict(jax=jax.__version__, gpu=str(jax.devices()[0]))


def main():
    for workload in ("W4", "W5"):
        results.attempt(workload, "jit", functools.partial(streaming, workload))
    results.attempt("W0", "jit of scan", linear)
    for workloads in (("W1s", "W1"), ("W2s", "W2")):
        for precision in ("T", "H bf16", "F"):
            for workload in workloads:
                results.attempt(workload, f"jit of scan {precision}", functools.partial(sampling, workload, precision))


if __name__ == "__main__":
    main()
