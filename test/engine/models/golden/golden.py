"""Makes golden.json: what PyTorch computes for the small models. Run with torch 2.13.0: python golden.py

Every model has the parameter names of ours, so that the test also holds that weights load by name."""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def wave(shape, scale, step, phase=0.0):
    """Numbers that both languages make alike: scale * sin(step * i + phase)."""
    count = math.prod(shape)
    values = [scale * math.sin(step * i + phase) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(torch.float32)


def numbers(tensor):
    return tensor.detach().to(torch.float64).tolist()


def fill(model):
    """Gives parameter number i of the sorted names its wave; buffers of batch norms one of their own."""
    for index, (name, parameter) in enumerate(sorted(model.named_parameters())):
        fan = math.prod(parameter.shape[1:])
        centre = 1.0 if name.endswith("weight") and parameter.ndim == 1 else 0.0
        parameter.data = centre + wave(parameter.shape, (0.2 if parameter.ndim == 1 else 1.7 / math.sqrt(fan)), 1.37 + 0.11 * index, index)
    for index, (name, buffer) in enumerate(sorted(model.named_buffers())):
        if buffer.dtype.is_floating_point:
            buffer.data = (1.0 if name.endswith("var") else 0.0) + wave(buffer.shape, 0.2, 0.7, index)


def record(model, shape, loss, training=False):
    """Outputs and gradients; in evaluation unless told otherwise."""
    model.train(training)
    fill(model)
    x = wave(shape, 1.0, 0.37).requires_grad_()
    output = model(x)
    value = loss(output)
    value.backward()
    return {
        "input": list(shape),
        "output": numbers(output.flatten()[:40]),
        "shape": list(output.shape),
        "loss": value.item(),
        "inputGradient": x.grad.norm().item(),
        "gradients": {
            name: {"norm": p.grad.norm().item(), "first": numbers(p.grad.flatten()[:4])}
            for name, p in sorted(model.named_parameters())
        },
        "buffers": {name: numbers(b.flatten()[:4]) for name, b in sorted(model.named_buffers()) if b.dtype.is_floating_point},
    }


def classes(output):
    return F.cross_entropy(output, torch.arange(output.shape[0]) % output.shape[1])


class AlexNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(32, 48, 3, padding=1)
        self.conv4 = nn.Conv2d(48, 48, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(48, 32, 3, padding=1, groups=2)
        self.fc6 = nn.Linear(128, 128)
        self.fc7 = nn.Linear(128, 128)
        self.fc8 = nn.Linear(128, 10)
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)

    def forward(self, x):
        x = F.max_pool2d(self.norm(F.relu(self.conv1(x))), 3, 2)
        x = F.max_pool2d(self.norm(F.relu(self.conv2(x))), 3, 2)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))
        x = F.max_pool2d(F.relu(self.conv5(x)), 3, 2).flatten(1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        layers, seen = [], 1
        for stage in ((16, 16), (32, 32)):
            for filters in stage:
                layers += [nn.Conv2d(seen, filters, 3, padding=1), nn.ReLU()]
                seen = filters
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(32 * 49, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10)
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def response_norm():
    x = wave([2, 7, 2, 3], 3.0, 0.9).requires_grad_()
    y = nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=1.5)(x)
    weights = wave(y.shape, 1.0, 0.7, 0.3)
    (y * weights).sum().backward()
    return {"output": numbers(y), "gradient": numbers(x.grad)}


golden = {
    "torch": torch.__version__,
    "localResponseNorm": response_norm(),
    "models": {
        "alexNetSmall": record(AlexNet(), [3, 1, 28, 28], classes),
        "vggSmall": record(Vgg(), [3, 1, 28, 28], classes),
    },
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
