"""Makes schedules.json: PyTorch's learning rates. Run with torch 2.13.0: python schedules.py"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")


def rates(make, steps, values=None):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimiser)
    result = []
    for step in range(steps):
        result.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step(*([] if values is None else [values[step]]))
    return result


losses = [1.0, 0.8, 0.7, 0.71, 0.69995, 0.72, 0.7, 0.65, 0.66, 0.66, 0.66, 0.66, 0.66, 0.64, 0.7]
scores = [0.5, 0.6, 0.6, 0.6, 0.59, 0.6, 0.61, 0.61, 0.61, 0.61, 0.61]
golden = {
    "torch": torch.__version__,
    "stepDecay": rates(lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.2), 10),
    "exponentialDecay": rates(lambda o: lr_scheduler.ExponentialLR(o, gamma=0.8), 10),
    "cosineAnnealing": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20), 20),
    "linearDecay": rates(lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, total_iters=20), 20),
    "warmUp": rates(
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.05, 1.0, total_iters=5), lr_scheduler.CosineAnnealingLR(o, T_max=15)], [5]),
        20),
    "warmUpAlone": rates(lambda o: lr_scheduler.LinearLR(o, 0.01, 1.0, total_iters=2), 20),
    "oneCycle": rates(lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=20), 20),
    "oneCycleOptions": rates(
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=20, pct_start=0.4, div_factor=10, final_div_factor=50), 20),
    "stepDecayDefault": rates(lambda o: lr_scheduler.StepLR(o, step_size=4), 10),
    "plateau": rates(lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.3, patience=2), len(losses), losses),
    "plateauMax": rates(
        lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="max", factor=0.5, patience=1), len(scores), scores),
    "plateauOptions": rates(
        lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=3, threshold=0.1), len(losses), losses),
    "losses": losses,
    "scores": scores,
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
