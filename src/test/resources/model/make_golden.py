"""Writes from-torch.safetensors and from-torch.txt beside this file, with the PyTorch module of docs/formats.md itself.

    pip install torch safetensors; python make_golden.py       made with PyTorch 2.13.0
"""

import pathlib
import re

here = pathlib.Path(__file__).parent
page = (here / "../../../../docs/formats.md").read_text()
exec(re.search(r"```python\n(import math, torch.*?)```", page, re.S).group(1))
from safetensors.torch import save_file

torch.manual_seed(7)
network = Mlp(3, 2, 8, 2, 0.25 * 2.0 ** torch.arange(4), nn.functional.gelu, residual=True)
model = Denoiser(network)
metadata = {
    "tweedie.format": "1",
    "process": "vp:0.1,20",
    "network.architecture": "mlp:8x2,gelu,residual,fourier:4:0.25:2",
    "network.prediction": "DENOISED",
    "ports": "2",
    "port.0": "x", "port.0.columns": "2", "port.0.column.0": "east", "port.0.column.1": "north",
    "port.1": "y", "port.1.columns": "1", "port.1.column.0": "kind",
}
save_file(model.state_dict(), here / "from-torch.safetensors", metadata=metadata)

x = torch.randn(4, 2)
y = torch.randn(4, 1)
lines = []
with torch.no_grad():
    for t in (-1.5, 0.0, 0.37, 2.25):
        for row, given, out in zip(x.tolist(), y.tolist(), network(x, t, y).tolist()):
            lines.append(" ".join(map(repr, [t, *row, *given, *out])))
(here / "from-torch.txt").write_text("\n".join(["# time, x, y, network(x, t, y)", *lines]) + "\n")
