"""Turned hues by Python's colorsys, for test/data/transforms.test.ts: python hue.py > hue.json"""

import colorsys
import json

levels = [0.0, 0.25, 0.6, 1.0]
colours = [(r, g, b) for r in levels for g in levels for b in levels]
cases = []
for factor in (-0.5, -0.3, -0.05, 0.0, 0.1, 1 / 3, 0.5):
    turned = []
    for colour in colours:
        h, s, v = colorsys.rgb_to_hsv(*colour)
        turned.append(colorsys.hsv_to_rgb((h + factor) % 1.0, s, v))
    cases.append({"factor": factor, "turned": [list(channel) for channel in zip(*turned)]})
print(json.dumps({"colours": [list(channel) for channel in zip(*colours)], "cases": cases}))
