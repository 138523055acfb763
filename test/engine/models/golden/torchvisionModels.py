"""Makes torchvisionModels.json: every name and shape in the state of torchvision's networks, and some of their logits.

Run with torch 2.14.1 and torchvision 0.29.1: python torchvisionModels.py"""

import json
import math
import pathlib

import numpy
import torch
import torchvision
from torchvision import models

torch.set_num_threads(1)

makers = {
    "alexNet": models.alexnet,
    "vgg11": models.vgg11,
    "vgg16": models.vgg16,
    "vgg19": models.vgg19,
    # Its auxiliary classifiers are for training only; a pretrained one comes without.
    "googLeNet": lambda: models.googlenet(aux_logits=False, init_weights=False),
    "resNet18": models.resnet18,
    "resNet34": models.resnet34,
    "resNet50": models.resnet50,
    "resNet152": models.resnet152,
    "denseNet121": models.densenet121,
    "denseNet201": models.densenet201,
}
small = ["alexNet", "googLeNet", "resNet18", "denseNet121"]


def tree(state):
    """{"layer1": {"0": {"conv1": {"weight": [64, 64, 3, 3]}}}} of a flat state."""
    root = {}
    for name, tensor in state.items():
        *path, last = name.split(".")
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node[last] = list(tensor.shape)
    return root


def noise(count, stream):
    """Numbers from -1 to 1 that both languages make alike, bit by bit: MurmurHash3's finaliser of the position."""
    x = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32(stream * 0x9E3779B1 % 2**32)
    x ^= x >> numpy.uint32(16)
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> numpy.uint32(13)
    x *= numpy.uint32(0xC2B2AE35)
    x ^= x >> numpy.uint32(16)
    return x.astype(numpy.float64) / 2**31 - 1


def fill(model):
    """Weights uniform with variance 2 / fan; what is a vector in +-0.1, about 1 where it multiplies or divides."""
    for stream, (name, tensor) in enumerate(sorted(model.state_dict().items())):
        if not tensor.dtype.is_floating_point:
            continue
        scale = 0.1 if tensor.ndim == 1 else math.sqrt(6 / math.prod(tensor.shape[1:]))
        centre = 1 if tensor.ndim == 1 and name.endswith(("weight", "running_var")) else 0
        values = centre + scale * noise(tensor.numel(), stream + 1)
        tensor.copy_(torch.from_numpy(values.astype(numpy.float32)).reshape(tensor.shape))


def logits(name):
    model = makers[name]().eval()
    fill(model)
    image = torch.from_numpy(noise(3 * 64 * 64, 0).astype(numpy.float32)).reshape(1, 3, 64, 64)
    with torch.no_grad():
        return model(image)[0].to(torch.float64)


def digest(values):
    return {"norm": values.norm().item(), "every50th": values[::50].tolist()}


if __name__ == "__main__":
    with torch.device("meta"):
        states = {name: tree(make().state_dict()) for name, make in makers.items()}
    golden = {
        "torchvision": torchvision.__version__.split("+")[0],
        "states": states,
        "logits": {name: digest(logits(name)) for name in small},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
