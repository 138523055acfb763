"""Makes golden.json: what PyTorch computes for losses, optimisers and LeNet-5. Run with torch 2.13.0: python golden.py"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)


def wave(shape, scale, step, phase=0.0):
    """Numbers that both languages make alike: scale * sin(step * i + phase)."""
    count = math.prod(shape)
    values = [scale * math.sin(step * i + phase) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(torch.float32)


def numbers(tensor):
    return tensor.detach().to(torch.float64).tolist()


def losses():
    logits = wave([4, 3], 3.0, 1.7)
    labels = torch.tensor([0, 2, 1, 2])
    soft = torch.softmax(wave([4, 3], 2.0, 0.9, 0.4), 1)
    spread = wave([2, 3, 2, 2], 2.0, 1.3)
    spread_labels = torch.tensor([[[0, 2], [1, 1]], [[2, 0], [0, 1]]])
    target = wave([4, 3], 1.0, 0.7, 0.2)
    extreme = torch.tensor([[-200.0, -1.0, 0.0], [0.5, 30.0, 200.0]])
    yes = torch.tensor([[0.0, 1.0, 0.25], [1.0, 0.0, 1.0]])
    cases = {
        "crossEntropy": (F.cross_entropy, logits, labels),
        "crossEntropySoft": (F.cross_entropy, logits, soft),
        "crossEntropySpread": (F.cross_entropy, spread, spread_labels),
        "mse": (F.mse_loss, logits, target),
        "bceWithLogits": (F.binary_cross_entropy_with_logits, extreme, yes),
    }
    result = {}
    for name, (loss, prediction, goal) in cases.items():
        x = prediction.clone().requires_grad_()
        entry = {"prediction": numbers(prediction), "target": goal.tolist()}
        for reduction in ("mean", "sum", "none"):
            entry[reduction] = numbers(loss(x, goal, reduction=reduction))
        loss(x, goal).backward()
        entry["gradient"] = numbers(x.grad)
        result[name] = entry
    return result


def optimisers():
    recipes = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgdWeightDecay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.3),
        "sgdMomentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        "sgdMomentumWeightDecay": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.2),
        "adam": lambda p: torch.optim.Adam(p, lr=0.05),
        "adamOptions": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.1),
    }
    result = {}
    for name, make in recipes.items():
        parameters = [wave([2, 3], 1.0, 0.9, 0.3).requires_grad_(), wave([4], 0.5, 1.1).requires_grad_()]
        optimiser = make(parameters)
        steps = []
        for step in range(6):
            if step == 4:
                optimiser.param_groups[0]["lr"] *= 0.5
            for i, parameter in enumerate(parameters):
                parameter.grad = wave(parameter.shape, 1.0 + 0.5 * step, 0.8, step + i)
            optimiser.step()
            steps.append([numbers(parameter) for parameter in parameters])
        result[name] = steps
    return result


class LeNet5(nn.Module):
    def __init__(self, activation, pooling):
        super().__init__()
        self.activation = activation
        self.pooling = pooling
        self.c1 = nn.Conv2d(1, 6, 5, padding=2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pooling(self.activation(self.c1(x)), 2)
        x = self.pooling(self.activation(self.c3(x)), 2)
        x = self.activation(self.c5(x)).flatten(1)
        return self.output(self.activation(self.f6(x)))


def lenets():
    result = {}
    for name, activation, pooling in (("reluMax", F.relu, F.max_pool2d), ("tanhAvg", torch.tanh, F.avg_pool2d)):
        model = LeNet5(activation, pooling)
        for index, parameter in enumerate(model.parameters()):
            fan = math.prod(parameter.shape[1:])
            parameter.data = wave(parameter.shape, 1.5 / math.sqrt(fan), 1.37 + 0.11 * index, index)
        x = wave([3, 1, 28, 28], 1.0, 0.37)
        labels = torch.tensor([3, 0, 7])
        logits = model(x)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        result[name] = {
            "logits": numbers(logits),
            "loss": loss.item(),
            "gradients": {
                path: {"norm": tensor.grad.norm().item(), "first": numbers(tensor.grad.flatten()[:8])}
                for path, tensor in model.named_parameters()
            },
        }
    return result


golden = {"torch": torch.__version__, "losses": losses(), "optimisers": optimisers(), "leNet5": lenets()}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
