"""What onnxruntime computes with the files of exportModels.ts, into onnx.json. Run with onnx 1.23.2, onnxruntime 1.32.0
and numpy 2.4.6: python runOnnx.py folder"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime


def numbers(shape, seed):
    """As in onnxModels.ts."""
    i = np.arange(np.prod(shape))
    return (((i * 7919 + seed * 104729) % 1009 - 504) / 504).astype(np.float32).reshape(shape)


def sampled(values):
    """About 40 values, evenly spread."""
    flat = values.ravel()
    return [float(f"{v:.9g}") for v in flat[:: max(1, flat.size // 40)]]


golden = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    runs = []
    for batch in (1, 3):
        results = session.run(None, {given.name: numbers([batch, *given.shape[1:]], 3)})
        outputs = zip(session.get_outputs(), results, strict=True)
        runs.append({o.name: {"shape": v.shape, "values": sampled(v)} for o, v in outputs})
    golden[path.stem] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "runs": runs}

target = pathlib.Path(__file__).parent / "onnx.json"
target.write_text(json.dumps(golden) + "\n")
