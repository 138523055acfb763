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


def averaged(parameters, **options):
    """The lecture's form (003.36), Δ ← α·Δ − (1 − α)·η·g from Δ = 0: PyTorch's with dampening α, but for its first step, which has none."""
    optimiser = torch.optim.SGD(parameters, **options)
    for group in optimiser.param_groups:
        group["dampening"] = group["momentum"]
    for parameter in [p for group in optimiser.param_groups for p in group["params"]]:
        optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimiser


recipes = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgdWeightDecay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.3),
    "sgdMomentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "sgdMomentumWeightDecay": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.2),
    "sgdNesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "sgdNesterovWeightDecay": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.2),
    "sgdGroups": lambda p: torch.optim.SGD(
        [{"params": p[:1], "lr": 0.01, "momentum": 0.5}, {"params": p[1:]}], lr=0.1, weight_decay=0.1),
    "averagedMomentum": lambda p: averaged(p, lr=0.1, momentum=0.9),
    "averagedMomentumGroups": lambda p: averaged(
        [{"params": p[:1], "lr": 0.3, "momentum": 0.5}, {"params": p[1:]}], lr=0.1, momentum=0.8),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "adagradOptions": lambda p: torch.optim.Adagrad(
        p, lr=0.2, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
    "rmspropOptions": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-4, weight_decay=0.1, momentum=0.7),
    "adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "adamOptions": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.1),
    "adamW": lambda p: torch.optim.AdamW(p, lr=0.05),
    "adamWOptions": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.3),
    "adagradGroups": lambda p: torch.optim.Adagrad(
        [{"params": p[:1], "lr": 0.3, "eps": 1e-2}, {"params": p[1:], "weight_decay": 0.2}], lr=0.1),
    "rmspropGroups": lambda p: torch.optim.RMSprop(
        [{"params": p[:1], "alpha": 0.7, "momentum": 0.5}, {"params": p[1:], "lr": 0.005}], lr=0.02),
    "adamGroups": lambda p: torch.optim.Adam(
        [{"params": p[:1], "lr": 0.01, "betas": (0.5, 0.9)}, {"params": p[1:], "weight_decay": 0.2}], lr=0.05),
    "adamWGroups": lambda p: torch.optim.AdamW(
        [{"params": p[:1], "weight_decay": 0.5}, {"params": p[1:], "lr": 0.1, "eps": 1e-3}], lr=0.05),
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
            if name.startswith("averaged"):
                # PyTorch's average is of gradients, the lecture's of changes: the learning rate of their time is in them.
                for state in optimiser.state.values():
                    state["momentum_buffer"] /= 0.5
        for i, parameter in enumerate(parameters):
            parameter.grad = wave(parameter.shape, 1.0 + 0.5 * step, 0.8, step + i)
        optimiser.step()
        steps.append([parameter.detach().to(torch.float64).tolist() for parameter in parameters])
    result[name] = steps
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
