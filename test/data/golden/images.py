"""Resized images by PyTorch, for test/data/image.test.ts: python images.py > images.json"""

import json

import torch

cases = []
for size, to in [((7, 9), (3, 4)), ((4, 5), (8, 6)), ((6, 4), (2, 9))]:
    h, w = size
    levels = torch.tensor([[(37 * y * w + 91 * x + 11 * c + y * y) % 256 for c in range(3)] for y in range(h) for x in range(w)])
    image = (levels.reshape(h, w, 3).permute(2, 0, 1).float() / 255)[None]
    resized = torch.nn.functional.interpolate(image, size=to, mode="bilinear", antialias=True)[0]
    cases.append({"size": size, "to": to, "levels": levels.flatten().tolist(), "resized": resized.flatten().tolist()})
print(json.dumps({"torch": torch.__version__, "cases": cases}))
