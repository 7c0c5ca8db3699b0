"""One table a workload from the rows of Tweedie and its peers: report.py FOLDER FILE.json... writes FOLDER/results.md and results.json."""
import json
import pathlib
import sys

# What an H200 can do, by the published and measured ceilings of docs/kernels.md: operations a second by precision, bytes by its own copy.
CEILINGS = {"F": 52e12, "T": 395e12, "H": 790e12, "F f16x3": 790e12 / 3}
LINEAR_CEILING = 9 * 1.45e12


def ceiling(row, rows, h200):
    if row["unit"] == "byte":
        copies = [r for r in rows if r["workload"] == "copy" and r["milliseconds"]]
        return copies[0]["amount"] / copies[0]["milliseconds"] * 1e3 if copies else None
    if not h200 or row["unit"] != "flop":
        return None
    return LINEAR_CEILING if row["workload"] == "W0" else CEILINGS.get(row["precision"], CEILINGS.get(row["precision"].split(" ")[0]))


def rate(row):
    per_second = row["amount"] / row["milliseconds"] * 1e3
    return f"{per_second / 1e12:.2f} TFLOP/s" if row["unit"] == "flop" else f"{per_second / 1e9:.0f} GB/s"


def over(row, ours):
    return f"{row['milliseconds'] / min(o['milliseconds'] for o in ours):.2f}" if ours else ""


def table(workload, rows, h200):
    mine = [r for r in rows if r["workload"] == workload]
    ours = [r for r in mine if r["by"].startswith("Tweedie") and r["milliseconds"]]
    lines = [f"## {workload}: {next((r['size'] for r in mine if r['milliseconds']), '')}", "",
             "| by | precision | median, ms | lowest to highest | rate | of the ceiling | times Tweedie's best | times its best of this precision "
             "| checked |", "|---|---|---:|---|---:|---:|---:|---:|---|"]
    for r in sorted(mine, key=lambda r: r["milliseconds"] or float("inf")):
        if not r["milliseconds"]:
            lines.append(f"| {r['by']} | {r['precision']} | | | | | | | {r['check']} |")
            continue
        top = ceiling(r, rows, h200)
        share = f"{r['amount'] / r['milliseconds'] * 1e3 / top:.0%}" if top else ""
        ratio, alike = over(r, ours), over(r, [o for o in ours if o["precision"][0] == r["precision"][0]])
        lines.append(f"| {r['by']} | {r['precision']} | {r['milliseconds']:.3f} | {r['low']:.3f} to {r['high']:.3f} | {rate(r)} | {share} "
                     f"| {ratio} | {alike} | {r['check']} |")
    return lines + [""]


def main():
    folder, files = pathlib.Path(sys.argv[1]), [json.loads(pathlib.Path(f).read_text()) for f in sys.argv[2:] if pathlib.Path(f).exists()]
    about = (folder / "about.txt").read_text().strip().splitlines() if (folder / "about.txt").exists() else []
    rows = [row for file in files for row in file["rows"]]
    h200 = any("H200" in str(file.get("device", "")) for file in files)
    lines = ["# Workloads", ""] + [f"- {line}" for line in about]
    for file in files:
        versions = file.get("versions") or {key: file[key] for key in ("device", "tweedie", "java") if key in file}
        lines.append("- " + file.get("peer", "Tweedie") + ": " + ", ".join(f"{key} {value}" for key, value in versions.items()))
    lines += ["", "Precision: F f32 all through, T products in TF32, H operands of 16 bits and sums in f32. Medians after two runs that are not "
              "counted. Bytes are held against the device's own copy of the same run.", ""]
    for workload in sorted({row["workload"] for row in rows}):
        lines += table(workload, rows, h200)
    (folder / "results.md").write_text("\n".join(lines))
    (folder / "results.json").write_text(json.dumps(dict(about=about, files=files), indent=1))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
