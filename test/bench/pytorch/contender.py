"""PyTorch as a contender: told what to do by lines of JSON on standard input, answers likewise."""

import json
import sys
import time

import networks
import operations
import torch
from programs import PROGRAMS

torch.set_num_threads(int(sys.argv[1]))


def prepare(task):
    if task["kind"] == "operation":
        return operations.prepare(task["operation"], task["sizes"])
    if task["kind"] == "mlp":
        model = networks.mlp(task["width"], task["depth"])
        return networks.training(model, [1, 28, 28], task["batch"])
    if task["network"] in PROGRAMS:
        return PROGRAMS[task["network"]](task["batch"])
    return networks.prepare(task["network"], task["mode"], task["batch"])


step = None
for line in sys.stdin:
    order = json.loads(line)
    if order["order"] == "describe":
        answer = {"description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}"}
    elif order["order"] == "prepare":
        result, step = prepare(order["task"])
        answer = {"result": result}
    else:
        steps, start, used = order["steps"], time.perf_counter(), time.process_time()
        for _ in range(steps):
            step()
        answer = {
            "milliseconds": 1000 * (time.perf_counter() - start) / steps,
            "processorMilliseconds": 1000 * (time.process_time() - used) / steps,
        }
    print(json.dumps(answer), flush=True)
