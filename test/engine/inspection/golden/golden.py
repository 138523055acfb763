"""Makes golden.json: saliency, guided backpropagation, deconvnet and Grad-CAM by PyTorch's hooks. Run with torch 2.13.0: python golden.py"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def wave(shape, scale, step, phase):
    """Numbers that both languages make alike."""
    values = [scale * math.sin(step * i + phase) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(torch.float32)


class Net(nn.Module):
    """Two convolutions, a residual branch between them, the mean of each map, one linear layer."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.branch = nn.Conv2d(4, 4, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(4, 5, 3)
        self.relu3 = nn.ReLU()
        self.output = nn.Linear(5, 3)

    def forward(self, x):
        x = self.pool(self.relu1(self.conv1(x)))
        x = x + self.relu2(self.branch(x))
        x = self.relu3(self.conv2(x))
        self.maps = x
        return self.output(x.mean((2, 3)))


model = Net().eval()
for index, (name, parameter) in enumerate(sorted(model.named_parameters())):
    parameter.data = wave(parameter.shape, 0.5, 1.3 + 0.1 * index, index)
image = wave((1, 2, 12, 12), 1.0, 0.37, 0.5)


class Rule(torch.autograd.Function):
    """A relu whose way back follows another rule."""

    @staticmethod
    def forward(ctx, x, rule):
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        on = (x > 0).to(gradient.dtype)
        positive = gradient.clamp(min=0)
        return {"backprop": gradient * on, "deconvnet": positive, "guided": positive * on}[ctx.rule], None


class RuleReLU(nn.Module):
    def __init__(self, rule):
        super().__init__()
        self.rule = rule

    def forward(self, x):
        return Rule.apply(x, self.rule)


def numbers(tensor):
    return tensor.detach().to(torch.float64).flatten().tolist()


def with_rule(rule):
    for name in ("relu1", "relu2", "relu3"):
        setattr(model, name, RuleReLU(rule))


golden = {"scores": numbers(model(image)), "class": {}, "unit": {}}
for rule in ("backprop", "deconvnet", "guided"):
    with_rule(rule)
    x = image.clone().requires_grad_()
    model(x)[0, 1].backward()
    golden["class"][rule] = numbers(x.grad)
    # The strongest unit of channel 2 of the second convolution.
    x = image.clone().requires_grad_()
    features = model.pool(model.relu1(model.conv1(x)))
    maps = model.conv2(features + model.relu2(model.branch(features)))
    at = maps[0, 2].argmax().item()
    row, column = divmod(at, maps.shape[3])
    maps[0, 2, row, column].backward()
    golden["unit"][rule] = {"unit": [row, column], "activation": maps[0, 2, row, column].item(), "pattern": numbers(x.grad)}

with_rule("backprop")
x = image.clone().requires_grad_()
scores = model(x)
weights = torch.autograd.grad(scores[0, 1], model.maps)[0].mean((2, 3), keepdim=True)
grad_cam = F.relu((weights * model.maps).sum(1))[0]
golden["gradCam"] = numbers(grad_cam)
golden["overlay"] = numbers(F.interpolate(grad_cam[None, None], size=(12, 12), mode="bilinear", align_corners=False))
golden["cam"] = numbers((model.output.weight[1].reshape(-1, 1, 1) * model.maps[0]).sum(0))

# A patch of 4 pixels in steps of 3 (the last one at the border), filled with 0.
falls, counts = torch.zeros(12, 12), torch.zeros(12, 12)
for top in (0, 3, 6, 8):
    for left in (0, 3, 6, 8):
        hidden = image.clone()
        hidden[:, :, top : top + 4, left : left + 4] = 0
        fall = (scores[0, 1] - model(hidden)[0, 1]).item()
        falls[top : top + 4, left : left + 4] += fall
        counts[top : top + 4, left : left + 4] += 1
golden["occlusion"] = numbers(falls / counts)

path = pathlib.Path(__file__).with_name("golden.json")
path.write_text(json.dumps(golden) + "\n")
