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
    running = sorted((name, b) for name, b in model.named_buffers() if b.dtype.is_floating_point)
    for index, (name, buffer) in enumerate(running):
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


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.extra = stride, outputs - inputs

    def forward(self, x):
        change = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(change + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra)))


class ResNetSmall(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(16, 16, 1))
        self.layer2 = nn.Sequential(BasicBlock(16, 32, 2))
        self.layer3 = nn.Sequential(BasicBlock(32, 64, 2))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + self.downsample(x))


class Unit(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, x):
        return F.relu(self.conv(x))


class Inception(nn.Module):
    def __init__(self, inputs, one, three, five, pool):
        super().__init__()
        self.branch1 = Unit(inputs, one, 1)
        self.branch2 = nn.Sequential(Unit(inputs, three[0], 1), Unit(*three, 3))
        self.branch3 = nn.Sequential(Unit(inputs, five[0], 1), Unit(*five, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Unit(inputs, pool, 1))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GlobalMean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def googLeNetSmall():
    return nn.Sequential(
        Unit(1, 16, 3),
        nn.MaxPool2d(2),
        Inception(16, 8, (8, 16), (4, 8), 8),
        nn.MaxPool2d(2),
        Inception(40, 16, (16, 32), (4, 8), 8),
        GlobalMean(),
        nn.Linear(64, 10),
    )


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))], 1)


class Transition(nn.Sequential):
    def __init__(self, inputs):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, inputs // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)


class DenseNetSmall(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        maps = 16
        for block in range(3):
            layers = nn.Sequential()
            for i in range(3):
                setattr(layers, f"denselayer{i + 1}", DenseLayer(maps, 8))
                maps += 8
            setattr(self.features, f"denseblock{block + 1}", layers)
            if block < 2:
                setattr(self.features, f"transition{block + 1}", Transition(maps))
                maps //= 2
        self.features.norm5 = nn.BatchNorm2d(maps)
        self.classifier = nn.Linear(maps, 10)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))


class UNetSmall(nn.Module):
    def __init__(self, padding):
        super().__init__()
        pair = lambda a, b: nn.Sequential(
            nn.Conv2d(a, b, 3, padding=padding), nn.ReLU(), nn.Conv2d(b, b, 3, padding=padding), nn.ReLU()
        )
        self.encoders = nn.ModuleList([pair(1, 8), pair(8, 16)])
        self.bottom = pair(16, 32)
        self.ups = nn.ModuleList([nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)])
        self.decoders = nn.ModuleList([pair(32, 16), pair(16, 8)])
        self.output = nn.Conv2d(8, 3, 1)

    def forward(self, x):
        bridges = []
        for encoder in self.encoders:
            x = encoder(x)
            bridges.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottom(x)
        for up, decoder in zip(self.ups, self.decoders):
            x = up(x)
            bridge = bridges.pop()
            cut = (bridge.shape[2] - x.shape[2]) // 2
            bridge = bridge[:, :, cut : cut + x.shape[2], cut : cut + x.shape[3]]
            x = decoder(torch.cat([bridge, x], 1))
        return self.output(x)


def dcganSmall():
    generator = nn.Sequential(
        nn.ConvTranspose2d(16, 32, 7, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 1, 7, bias=False),
        nn.Flatten(),
    )
    return generator, discriminator


def squares(output):
    return (output * wave(output.shape, 1.0, 0.7, 0.3)).mean()


def response_norm():
    x = wave([2, 7, 2, 3], 3.0, 0.9).requires_grad_()
    y = nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=1.5)(x)
    weights = wave(y.shape, 1.0, 0.7, 0.3)
    (y * weights).sum().backward()
    return {"output": numbers(y), "gradient": numbers(x.grad)}


generator, discriminator = dcganSmall()
golden = {
    "torch": torch.__version__,
    "localResponseNorm": response_norm(),
    "models": {
        "alexNetSmall": record(AlexNet(), [3, 1, 28, 28], classes),
        "vggSmall": record(Vgg(), [3, 1, 28, 28], classes),
        "resNetSmall": record(ResNetSmall(), [3, 1, 12, 12], classes),
        "resNetSmallTraining": record(ResNetSmall(), [3, 1, 12, 12], classes, training=True),
        "bottleneck": record(Bottleneck(6, 3, 2), [2, 6, 7, 7], squares, training=True),
        "googLeNetSmall": record(googLeNetSmall(), [3, 1, 12, 12], classes),
        "denseNetSmall": record(DenseNetSmall(), [3, 1, 12, 12], classes),
        "denseNetSmallTraining": record(DenseNetSmall(), [3, 1, 12, 12], classes, training=True),
        "uNetSmall": record(UNetSmall("same"), [2, 1, 12, 8], squares),
        "uNetSmallValid": record(UNetSmall("valid"), [2, 1, 44, 44], squares),
        "dcganGenerator": record(generator, [3, 16, 1, 1], squares, training=True),
        "dcganDiscriminator": record(discriminator, [3, 1, 28, 28], squares, training=True),
    },
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
