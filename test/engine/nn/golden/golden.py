"""Makes golden.json: what PyTorch computes for LeNet-5. Run with torch 2.13.0: python golden.py"""

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


golden = {"torch": torch.__version__, "leNet5": lenets()}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
