"""PyTorch as a contender: told what to do by lines of JSON on standard input, answers likewise."""

import json
import sys
import time

import torch
from networks import prepare
from operations import OPERATIONS, checksum

torch.set_num_threads(int(sys.argv[1]))

step = None
for line in sys.stdin:
    order = json.loads(line)
    if order["order"] == "describe":
        answer = {"description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"}
    elif order["order"] == "prepare":
        task = order["task"]
        if task["kind"] == "operation":
            step = OPERATIONS[task["operation"]](*task["sizes"])
            answer = {"result": checksum(step())}
        else:
            step = prepare(task["network"], task["mode"], task["batch"])
            answer = {"result": step()}
    else:
        steps, start, used = order["steps"], time.perf_counter(), time.process_time()
        for _ in range(steps):
            step()
        answer = {
            "milliseconds": 1000 * (time.perf_counter() - start) / steps,
            "processorMilliseconds": 1000 * (time.process_time() - used) / steps,
        }
    print(json.dumps(answer), flush=True)
