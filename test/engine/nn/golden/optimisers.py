"""Makes optimisers.json: ten steps of every optimiser in PyTorch. Run with torch 2.13.0: python optimisers.py"""

import json
import math
import pathlib

import torch

torch.set_num_threads(1)


def wave(shape, scale, step, phase=0.0):
    """scale * sin(step * i + phase)."""
    values = [scale * math.sin(step * i + phase) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(torch.float32)


recipes = {
    "sgdNesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "sgdNesterovWeightDecay": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.2),
    "sgdGroups": lambda p: torch.optim.SGD(
        [{"params": p[:1], "lr": 0.01, "momentum": 0.5}, {"params": p[1:]}], lr=0.1, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "adagradOptions": lambda p: torch.optim.Adagrad(
        p, lr=0.2, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
    "rmspropOptions": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-4, weight_decay=0.1, momentum=0.7),
    "adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "adamW": lambda p: torch.optim.AdamW(p, lr=0.05),
    "adamWOptions": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.3),
}
result = {"torch": torch.__version__}
for name, make in recipes.items():
    parameters = [wave([2, 3], 1.0, 0.9, 0.3).requires_grad_(), wave([4], 0.5, 1.1).requires_grad_()]
    optimiser = make(parameters)
    steps = []
    for step in range(10):
        if step == 6:
            for group in optimiser.param_groups:
                group["lr"] *= 0.5
        for i, parameter in enumerate(parameters):
            parameter.grad = wave(parameter.shape, 1.0 + 0.5 * step, 0.8, step + i)
        optimiser.step()
        steps.append([parameter.detach().to(torch.float64).tolist() for parameter in parameters])
    result[name] = steps
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
