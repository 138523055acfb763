"""The networks of nnlab/networks.ts in PyTorch, with the same weights and data."""

import torch
from torch import nn
from torch.nn import functional as F


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [(16, 16, 1), (16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1)]
        self.blocks = nn.Sequential(*[Residual(*width) for width in widths])
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.bn1(self.conv1(x)))).mean((2, 3)))


NETWORKS = {
    "MLP": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)), [1, 28, 28]),
    "LeNet-5": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        ),
        [1, 28, 28],
    ),
    "CIFAR CNN": (
        lambda: nn.Sequential(
            *block(3, 32), *block(32, 32), nn.MaxPool2d(2), *block(32, 64), *block(64, 64), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 8 * 8, 128), nn.ReLU(), nn.Linear(128, 10),
        ),
        [3, 32, 32],
    ),
    "ResNet-20": (ResNet20, [3, 32, 32]),
}


def pattern(length, start):
    turns = (torch.arange(length, dtype=torch.float64) + start) * 0.6180339887498949
    return (2 * (turns - turns.floor()) - 1).float()


def fill(model):
    for i, (name, parameter) in enumerate(model.named_parameters()):
        with torch.no_grad():
            if parameter.dim() < 2:
                parameter.fill_(0 if name.endswith("bias") else 1)
            else:
                scale = (3 / (parameter.numel() / parameter.shape[0])) ** 0.5
                parameter.copy_((scale * pattern(parameter.numel(), 1000 * i)).reshape(parameter.shape))


def mlp(width, depth):
    sizes = [784, *[width] * depth, 10]
    layers = [nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def prepare(network, mode, batch):
    make, shape = NETWORKS[network]
    return (training if mode == "training" else inference)(make(), shape, batch)


def images_of(shape, batch):
    return pattern(batch * shape[0] * shape[1] * shape[2], 17).reshape(batch, *shape)


def inference(model, shape, batch):
    fill(model)
    images = images_of(shape, batch)
    model.eval()

    def step():
        with torch.inference_mode():
            return model(images)[0, 0].item()

    return step(), step


def training(model, shape, batch):
    fill(model)
    images, labels = images_of(shape, batch), (torch.arange(batch) * 7) % 10
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step(), step
