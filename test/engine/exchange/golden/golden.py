"""Makes pytorch.safetensors and its values in golden.json. Run with torch 2.13.0 and safetensors 0.8: python golden.py"""

import json
import pathlib

import safetensors
import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(0)
here = pathlib.Path(__file__).parent

model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(18, 4))
model(torch.randn(8, 1, 5, 5))
model.eval()
x = torch.linspace(-1, 1, 50).reshape(2, 1, 5, 5)
state = dict(model.state_dict())
state["kinds.half"] = torch.tensor([1.0, -2.5, 65504.0, 6e-8, float("inf")], dtype=torch.float16)
state["kinds.brain"] = torch.tensor([1.0, -2.5, 3e38, 1e-40], dtype=torch.bfloat16)
state["kinds.double"] = torch.tensor([0.1, -1e300 * 0], dtype=torch.float64)
state["kinds.long"] = torch.tensor([[1, -2], [2**31 - 1, -(2**31)]])
state["kinds.short"] = torch.tensor([-7, 7], dtype=torch.int16)
state["kinds.byte"] = torch.tensor([0, 255], dtype=torch.uint8)
state["kinds.bool"] = torch.tensor([True, False, True])
state["kinds.scalar"] = torch.tensor(2.5)
state["kinds.none"] = torch.zeros(0, 3)
save_file(state, here / "pytorch.safetensors", metadata={"made by": "golden.py"})

values = {
    name: {
        "shape": list(tensor.shape),
        "values": [v if abs(v) != float("inf") else ("Infinity" if v > 0 else "-Infinity") for v in tensor.to(torch.float64).flatten().tolist()],
    }
    for name, tensor in state.items()
}
golden = {
    "torch": torch.__version__,
    "safetensors": safetensors.__version__,
    "values": values,
    "output": model(x).detach().to(torch.float64).tolist(),
}
(here / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
