"""One report of what lies in a folder: report.py FOLDER writes FOLDER/results.md and results.json from about.txt, phases.txt, rates.json,
and the rows of tweedie.json, jcuda.json, torch.json and jax.json, whichever are there."""
import json
import pathlib
import sys

# What an H200 can do, by the published and measured ceilings of docs/kernels.md: operations a second by precision, bytes by its own copy.
CEILINGS = {"F": 52e12, "T": 395e12, "H": 790e12, "F f16x3": 790e12 / 3}
LINEAR_CEILING = 9 * 1.45e12
# Milliseconds aimed at on an H200, and times PyTorch eager f32, its compiled best in 16 bits (in f32 where there is no network), JAX's default
TARGETS = {"W0": (6.5, 10, 4, 5), "W1": (190, 13, 3, 8), "W1s": (2, 55, 18, 18), "W4": (0.79, 2.5, 1.2, 1.5), "W5": (0.79, 3.6, 1.2, 1.5)}


def ceiling(row, rows, h200):
    if row["unit"] == "byte":
        copies = [r for r in rows if r["workload"] == "copy" and r["milliseconds"]]
        return copies[0]["amount"] / copies[0]["milliseconds"] * 1e3 if copies else None
    if not h200 or row["unit"] != "flop":
        return None
    return LINEAR_CEILING if row["workload"] == "W0" else CEILINGS.get(row["precision"], CEILINGS.get(row["precision"].split(" ")[0]))


def rate(row):
    per_second = row["amount"] / row["milliseconds"] * 1e3
    units = {"flop": f"{per_second / 1e12:.2f} TFLOP/s", "byte": f"{per_second / 1e9:.0f} GB/s", "launch": f"{per_second:.0f} launches/s"}
    return units[row["unit"]]


def over(row, ours):
    return f"{row['milliseconds'] / min(o['milliseconds'] for o in ours):.2f}" if ours else ""


def cell(text):
    return str(text).replace("|", "/")


def table(workload, rows, h200):
    mine = [r for r in rows if r["workload"] == workload]
    ours = [r for r in mine if r["by"].startswith("Tweedie") and r["milliseconds"]]
    lines = [f"## {workload}: {next((r['size'] for r in mine if r['milliseconds']), '')}", "",
             "| by | precision | median, ms | lowest to highest | runs | rate | floor, ms | of the floor | times Tweedie's best "
             "| times its best of this precision | checked |", "|---|---|---:|---|---:|---:|---:|---:|---:|---:|---|"]
    for r in sorted(mine, key=lambda r: r["milliseconds"] or float("inf")):
        if not r["milliseconds"]:
            lines.append(f"| {r['by']} | {r['precision']} | | | | | | | | | {cell(r['check'])} |")
            continue
        top = ceiling(r, rows, h200)
        floor = r["amount"] / top * 1e3 if top else None
        ratio, alike = over(r, ours), over(r, [o for o in ours if o["precision"][0] == r["precision"][0]])
        least, share = (f"{floor:.4g}", f"{floor / r['milliseconds']:.0%}") if floor else ("", "")
        lines.append(f"| {r['by']} | {r['precision']} | {r['milliseconds']:.4g} | {r['low']:.4g} to {r['high']:.4g} | {r['runs']} | {rate(r)} "
                     f"| {least} | {share} | {ratio} | {alike} | {cell(r['check'])} |")
    return lines + [""]


def targets(rows):
    """Aims beside what came out, as far as it did."""

    def best(workload, by, precision=""):
        found = [r["milliseconds"] for r in rows if r["workload"] == workload and r["milliseconds"] and r["by"].startswith(by)
                 and r["precision"].startswith(precision)]
        return min(found) if found else None

    lines = ["## Aims on an H200", "", "| | ms, aim | ms | PyTorch eager f32, aim | times | PyTorch compiled in a graph, aim | times | JAX's default, aim | times |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for workload, (aim, *ratios) in TARGETS.items():
        ours = best(workload, "Tweedie")
        if not ours:
            continue
        network = workload.startswith("W1")
        peers = (best(workload, "PyTorch eager", "F"), best(workload, "PyTorch compiled", "H" if network else "F"),
                 best(workload, "JAX", "T" if network else "F"))
        cells = "".join(f" {ratio} | {f'{peer / ours:.1f}' if peer else ''} |" for ratio, peer in zip(ratios, peers))
        lines.append(f"| {workload} | {aim} | {ours:.4g} |{cells}")
    return lines + [""]


def rates(file):
    lines = ["## Rates of a multiprocessor and clock", "", "| | measured | model | of the model | clock, MHz | checked |", "|---|---:|---:|---:|---:|---|"]
    for r in file["rates"]:
        each, model = r.get("each"), r.get("model")
        measured, clock = (f"{each:.1f} {r['unit']}", f"{r['clock']:.0f}") if each else ("no clock here", "")
        share = f"{each / model:.0%}" if each and model else ""
        lines.append(f"| {r['name']} | {measured} | {model or ''} | {share} | {clock} | {r['check']} |")
    return lines + [""]


def read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):  # absent, or stopped in the middle of it
        return None


def text(path):
    return path.read_text().strip().splitlines() if path.exists() else []


def main():
    folder = pathlib.Path(sys.argv[1])
    about, phases = text(folder / "about.txt"), text(folder / "phases.txt")
    files = [file for name in ("tweedie", "jcuda", "torch", "jax") if (file := read(folder / f"{name}.json"))]
    measured = read(folder / "rates.json")
    rows = [row for file in files for row in file["rows"]]
    h200 = any("H200" in str(file.get("device", "")) for file in files)
    lines = ["# Workloads", ""] + [f"- {line}" for line in about]
    for file in files:
        versions = file.get("versions") or {key: file[key] for key in ("device", "tweedie", "java") if key in file}
        lines.append("- " + file.get("peer", "Tweedie") + ": " + ", ".join(f"{key} {value}" for key, value in versions.items()))
    if phases:
        lines += ["", "| phase | seconds | of at most | ended | |", "|---|---:|---:|---|---|"] + [f"| {' | '.join(line.split(chr(9)))} |" for line in phases]
    lines += ["", "Precision: F f32 all through, T products in TF32, H operands of 16 bits and sums in f32. Medians of the runs, after one or two "
              "that are not counted. The floor of what moves bytes is the device's own copy of the same run; of the rest, on an H200, the ceiling "
              "of its operations.", ""]
    if h200:
        lines += targets(rows)
    for workload in sorted({row["workload"] for row in rows}):
        lines += table(workload, rows, h200)
    if measured:
        lines += rates(measured)
    (folder / "results.md").write_text("\n".join(lines))
    (folder / "results.json").write_text(json.dumps(dict(about=about, phases=phases, rates=measured, files=files), indent=1))


if __name__ == "__main__":
    main()
