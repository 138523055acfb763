"""Makes transforms.json: what PyTorch's affine_grid and grid_sample make of an image. Run with torch 2.13.0: python transforms.py"""

import json
import math
import pathlib

import torch
from torch.nn import functional as F


def wave(shape, step):
    values = [0.5 + 0.5 * math.sin(step * i) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


image = wave((1, 2, 7, 9), 0.7)
golden = {}
for name, degrees in (("rotate", 30), ("back", -75)):
    turn = math.radians(degrees)
    height, width = 7, 9
    # Our maps speak of pixels, PyTorch's of shares: rows and columns are scaled to one another.
    theta = torch.tensor([[math.cos(turn), -math.sin(turn) * height / width, 0], [math.sin(turn) * width / height, math.cos(turn), 0]], dtype=torch.float64)
    grid = F.affine_grid(theta[None], image.shape, align_corners=False)
    for mode, padding in (("zeros", "zeros"), ("replicate", "border")):
        out = F.grid_sample(image, grid, mode="bilinear", padding_mode=padding, align_corners=False)
        golden[f"{name} {mode}"] = {"degrees": degrees, "border": mode, "values": out.flatten().tolist()}
golden["resize"] = F.interpolate(image, size=(5, 5), mode="bilinear", align_corners=False).flatten().tolist()
golden["enlarge"] = F.interpolate(image, size=(12, 12), mode="bilinear", align_corners=False).flatten().tolist()
pathlib.Path(__file__).with_name("transforms.json").write_text(json.dumps(golden) + "\n")
