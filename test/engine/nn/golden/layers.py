"""Makes layers.json: what PyTorch's layers compute, and their gradients. Run with torch 2.13.0: python layers.py

Every case: the expression that builds the layer in nnlab, the input, the parameters (set in both to the same numbers), the output,
and the gradients of sum(output * (cos(i) + 0.2)) for the input and every parameter, computed in float64 from float32 numbers;
for layers with running statistics also those after the pass, and the output in evaluation.
"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(3)
torch.set_num_threads(1)
cases = []


def pack(t):
    return {"shape": list(t.shape), "values": t.detach().double().flatten().tolist()}


def exact(t):
    """float64 numbers that float32 holds."""
    return t.float().double()


def case(build, layer, shape, x=None, names=None, note="", whole=False):
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(exact(torch.randn(parameter.shape) * 0.7 + 0.1))
    x = exact(torch.randn(shape)) if x is None else (x if whole else exact(x))
    if not whole:
        x.requires_grad_()
    before = [pack(p) for p in layer.parameters()]
    y = layer(x)
    weights = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape) + 0.2
    (y * weights).sum().backward()
    entry = {
        "build": build,
        "note": note,
        "input": {**pack(x), **({"dtype": "int32"} if whole else {})},
        "parameters": before,
        "output": pack(y),
        "inputGradient": None if whole else pack(x.grad),
        "gradients": [pack(p.grad) for p in layer.parameters()],
    }
    buffers = dict(layer.named_buffers())
    if buffers:
        again = exact(torch.randn(x.shape))
        layer(again)
        entry["second"] = pack(again)
        entry["runningMean"] = pack(buffers["running_mean"])
        entry["runningVar"] = pack(buffers["running_var"])
        layer.eval()
        x2 = x.detach().clone().requires_grad_()
        layer.zero_grad()
        y = layer(x2)
        (y * weights).sum().backward()
        entry["evaluated"] = pack(y)
        entry["evaluatedInputGradient"] = pack(x2.grad)
        entry["evaluatedGradients"] = [pack(p.grad) for p in layer.parameters()]
    cases.append(entry)


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


# Activations, at 0 too.
marks = torch.tensor([[-30.0, -3.0, -1.0, -0.1], [-1e-4, 0.0, 1e-4, 0.1], [1.0, 3.0, 8.0, 30.0]])
case("nn.identity()", nn.Identity(), None, marks)
case("nn.leakyRelu()", nn.LeakyReLU(), None, marks)
case("nn.leakyRelu(0.2)", nn.LeakyReLU(0.2), None, marks)
case("nn.elu()", nn.ELU(), None, marks)
case("nn.elu(0.4)", nn.ELU(0.4), None, marks)
case("nn.softplus()", nn.Softplus(), None, marks)
case("nn.gelu()", nn.GELU(), None, marks)
case("nn.gelu({ approximate: 'tanh' })", nn.GELU(approximate="tanh"), None, marks)
case("nn.logSoftmax()", nn.LogSoftmax(-1), None, marks)
case("nn.logSoftmax(1)", nn.LogSoftmax(1), (2, 3, 2, 2))
case("nn.prelu()", nn.PReLU(), None, marks)
case("nn.prelu(4)", nn.PReLU(4), None, marks)
case("nn.prelu(3)", nn.PReLU(3), (2, 3, 3, 2))
case("nn.maxout(2)", Function(lambda x: x.reshape(3, 4, 2).amax(2)), (3, 8))
case("nn.maxout(3)", Function(lambda x: x.reshape(2, 2, 3, 3, 4).amax(2)), (2, 6, 3, 4))

# Batch normalisation.
case("nn.batchNorm1d(5)", nn.BatchNorm1d(5), (7, 5))
case("nn.batchNorm1d(3)", nn.BatchNorm1d(3), (2, 3, 5), note="channels of sequences")
case("nn.batchNorm2d(3)", nn.BatchNorm2d(3), (4, 3, 5, 3))
case("nn.batchNorm2d(3)", nn.BatchNorm2d(3), (1, 3, 3, 5), note="a batch of one")
case("nn.batchNorm2d(2, { momentum: 0.7, epsilon: 0.01 })", nn.BatchNorm2d(2, momentum=0.7, eps=0.01), (3, 2, 4, 4))
case("nn.batchNorm2d(2, { momentum: null })", nn.BatchNorm2d(2, momentum=None), (3, 2, 4, 4), note="cumulative")
case("nn.batchNorm2d(2, { affine: false })", nn.BatchNorm2d(2, affine=False), (3, 2, 4, 4))
case("nn.batchNorm2d(2, { trackRunningStats: false })", nn.BatchNorm2d(2, track_running_stats=False), (3, 2, 3, 3))
case("nn.batchNorm1d(2)", nn.BatchNorm1d(2), None, 10 + 0.5 * torch.randn(6, 2), note="a mean far from 0")
case("nn.layerNorm(5)", nn.LayerNorm(5), (3, 5))
case("nn.layerNorm([3, 4])", nn.LayerNorm([3, 4]), (2, 2, 3, 4))
case("nn.layerNorm(6, { affine: false, epsilon: 0.1 })", nn.LayerNorm(6, elementwise_affine=False, eps=0.1), (1, 6))

# Pooling to a size.
case("nn.globalAvgPool2d()", Function(lambda x: x.mean((2, 3))), (2, 3, 5, 4))
for size, shape in [((1, 1), (2, 3, 5, 4)), ((3, 2), (1, 2, 7, 5)), ((2, 2), (2, 2, 6, 8)), ((4, 5), (1, 2, 3, 3))]:
    case(f"nn.adaptiveAvgPool2d([{size[0]}, {size[1]}])", nn.AdaptiveAvgPool2d(size), shape)

# Transposed convolution.
for channels, kernel, shape, options in [
    ((2, 3), 3, (2, 2, 4, 5), {}),
    ((2, 3), 3, (1, 2, 3, 4), {"stride": 2}),
    ((3, 2), (3, 2), (2, 3, 4, 3), {"stride": (2, 3), "padding": 1}),
    ((2, 2), 4, (1, 2, 5, 5), {"stride": 2, "padding": 1, "bias": False}),
    ((2, 2), 3, (2, 2, 3, 3), {"stride": 2, "padding": 1, "outputPadding": 1}),
    ((1, 2), 3, (1, 1, 4, 3), {"stride": (3, 2), "outputPadding": (2, 1)}),
    ((2, 1), 3, (1, 2, 3, 4), {"dilation": 2}),
    ((2, 2), (2, 3), (1, 2, 3, 3), {"dilation": (3, 2), "stride": 2, "padding": (0, 1), "outputPadding": (2, 0)}),
    ((4, 6), 3, (2, 4, 3, 3), {"groups": 2, "padding": 2}),
    ((3, 3), 2, (1, 3, 4, 4), {"groups": 3, "stride": 2}),
    ((2, 3), 1, (2, 2, 3, 3), {"stride": 2}),
]:
    theirs = {"output_padding" if key == "outputPadding" else key: value for key, value in options.items()}
    layer = nn.ConvTranspose2d(*channels, kernel, **theirs)
    size = json.dumps(kernel)
    case(f"nn.convTranspose2d({channels[0]}, {channels[1]}, {size}, {json.dumps(options)})", layer, shape)

# Combinators.
body = nn.Conv2d(2, 2, 3, padding=1)


class Residual(nn.Module):
    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + (x if self.shortcut is None else self.shortcut(x))


class Concat(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


case("nn.residual(nn.conv2d(2, 2, 3, { padding: 1 }))", Residual(body), (2, 2, 4, 3))
case(
    "nn.residual(nn.conv2d(2, 3, 3, { padding: 1, stride: 2 }), nn.conv2d(2, 3, 1, { stride: 2 }))",
    Residual(nn.Conv2d(2, 3, 3, padding=1, stride=2), nn.Conv2d(2, 3, 1, stride=2)),
    (2, 2, 5, 4),
)
case(
    "nn.concat(nn.identity(), nn.conv2d(2, 1, 1), nn.conv2d(2, 3, 3, { padding: 1 }))",
    Concat(nn.Identity(), nn.Conv2d(2, 1, 1), nn.Conv2d(2, 3, 3, padding=1)),
    (2, 2, 4, 3),
)

# Convolution: what the padding holds, and flipped kernels.
for channels, kernel, shape, options in [
    ((2, 3), 3, (2, 2, 5, 4), {"padding": 2, "paddingMode": "reflect"}),
    ((2, 3), 3, (2, 2, 5, 4), {"padding": [1, 2], "paddingMode": "replicate", "stride": 2}),
    ((2, 2), 3, (1, 2, 4, 5), {"padding": [3, 1], "paddingMode": "circular", "bias": False}),
    ((2, 2), [2, 4], (1, 2, 5, 5), {"padding": "same", "paddingMode": "reflect"}),
    ((4, 2), 3, (1, 4, 6, 5), {"padding": "same", "paddingMode": "circular", "dilation": 2, "groups": 2}),
    ((3, 4), 3, (2, 3, 7, 5), {"stride": [2, 3], "padding": 1}),
    ((3, 6), [3, 2], (1, 3, 7, 6), {"dilation": [2, 1], "groups": 3}),
]:
    theirs = {"padding_mode" if key == "paddingMode" else key: value for key, value in options.items()}
    theirs = {key: tuple(value) if isinstance(value, list) else value for key, value in theirs.items()}
    layer = nn.Conv2d(*channels, tuple(kernel) if isinstance(kernel, list) else kernel, **theirs)
    build = f"nn.conv2d({channels[0]}, {channels[1]}, {json.dumps(kernel)}, {json.dumps(options)})"
    case(build, layer, shape)


class Flipped(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        flipped = {"weight": self.layer.weight.flip((2, 3)), "bias": self.layer.bias}
        return torch.func.functional_call(self.layer, flipped, (x,))


case("nn.conv2d(2, 3, [3, 2], { flip: true, stride: 2 })", Flipped(nn.Conv2d(2, 3, (3, 2), stride=2)), (2, 2, 6, 5))

# Pooling: rounding up, padding, minima, indices and unpooling.
for shape, kernel, options in [
    ((2, 2, 5, 7), 2, {"ceilMode": True}),
    ((1, 2, 6, 7), 3, {"stride": 2, "padding": 1, "ceilMode": True}),
    ((1, 1, 4, 4), 3, {"stride": 3, "padding": 1, "ceilMode": True}),
    ((1, 1, 2, 5), 3, {"stride": 2, "ceilMode": True}),
    ((2, 1, 5, 6), [3, 2], {"stride": [1, 2], "padding": [1, 1]}),
]:
    theirs = {"ceil_mode" if key == "ceilMode" else key: value for key, value in options.items()}
    ours = json.dumps(options)
    case(f"nn.maxPool2d({json.dumps(kernel)}, {ours})", nn.MaxPool2d(kernel, **theirs), shape)
    case(f"nn.minPool2d({json.dumps(kernel)}, {ours})", Function(lambda x: -F.max_pool2d(-x, kernel, **theirs)), shape)
    case(f"nn.avgPool2d({json.dumps(kernel)}, {ours})", nn.AvgPool2d(kernel, count_include_pad=False, **theirs), shape)
    counting = json.dumps({**options, "countPadding": True})
    case(f"nn.avgPool2d({json.dumps(kernel)}, {counting})", nn.AvgPool2d(kernel, **theirs), shape)


def thereAndBack(shape, kernel, options, size, theirs):
    class PoolUnpool(nn.Module):
        def forward(self, x):
            values, indices = F.max_pool2d(x, kernel, return_indices=True, **theirs)
            return F.max_unpool2d(values * values, indices, kernel, output_size=size, **theirs)

    pooling = json.dumps(options)
    undoing = json.dumps({**options, **({"outputSize": size} if size else {})})
    case(
        "new (class extends nn.Module { forward(x) { const [values, indices] = "
        f"nn.maxPool2dWithIndices({json.dumps(kernel)}, {pooling})(x); "
        f"return nn.maxUnpool2d({json.dumps(kernel)}, {undoing})(values.square(), indices) }} }})()",
        PoolUnpool(), shape,
    )


thereAndBack((2, 3, 4, 6), 2, {}, None, {})
thereAndBack((1, 2, 5, 7), 2, {}, [5, 7], {})
thereAndBack((1, 2, 4, 7), [2, 3], {"padding": [0, 1]}, [4, 7], {"padding": (0, 1)})

# In one dimension.
for channels, kernel, shape, options in [
    ((2, 3), 3, (2, 2, 7), {"stride": 2, "padding": 1}),
    ((4, 2), 4, (1, 4, 9), {"groups": 2, "dilation": 2, "bias": False}),
    ((1, 2), 4, (2, 1, 6), {"padding": "same"}),
    ((1, 2), 3, (1, 1, 5), {"padding": 2, "paddingMode": "reflect"}),
]:
    theirs = {"padding_mode" if key == "paddingMode" else key: value for key, value in options.items()}
    build = f"nn.conv1d({channels[0]}, {channels[1]}, {kernel}, {json.dumps(options)})"
    case(build, nn.Conv1d(*channels, kernel, **theirs), shape)
for channels, kernel, shape, options in [
    ((2, 3), 3, (2, 2, 5), {}),
    ((4, 2), 4, (1, 4, 3), {"stride": 3, "padding": 1, "outputPadding": 2, "groups": 2}),
    ((1, 2), 2, (1, 1, 4), {"dilation": 3, "bias": False}),
]:
    theirs = {"output_padding" if key == "outputPadding" else key: value for key, value in options.items()}
    build = f"nn.convTranspose1d({channels[0]}, {channels[1]}, {kernel}, {json.dumps(options)})"
    case(build, nn.ConvTranspose1d(*channels, kernel, **theirs), shape)
for shape, kernel, options in [((2, 3, 8), 2, {}), ((1, 2, 7), 3, {"stride": 2, "padding": 1, "ceilMode": True})]:
    theirs = {"ceil_mode" if key == "ceilMode" else key: value for key, value in options.items()}
    case(f"nn.maxPool1d({kernel}, {json.dumps(options)})", nn.MaxPool1d(kernel, **theirs), shape)
    layer = nn.AvgPool1d(kernel, count_include_pad=False, **theirs)
    case(f"nn.avgPool1d({kernel}, {json.dumps(options)})", layer, shape)
    counting = json.dumps({**options, "countPadding": True})
    case(f"nn.avgPool1d({kernel}, {counting})", nn.AvgPool1d(kernel, **theirs), shape)

# Other sizes.
case("nn.upsample(2)", nn.Upsample(scale_factor=2), (2, 2, 3, 2))
case("nn.upsample(1.5)", nn.Upsample(scale_factor=1.5), (1, 2, 5, 3))
case("nn.upsample(null, { size: [5, 3] })", nn.Upsample(size=(5, 3)), (1, 2, 3, 4))
case("nn.upsample(2, { mode: 'bilinear' })", nn.Upsample(scale_factor=2, mode="bilinear"), (2, 2, 3, 4))
case("nn.upsample(1.7, { mode: 'bilinear' })", nn.Upsample(scale_factor=1.7, mode="bilinear"), (1, 1, 4, 5))
case("nn.upsample(null, { size: [2, 7], mode: 'bilinear' })", nn.Upsample(size=(2, 7), mode="bilinear"), (1, 2, 5, 3))
layer = nn.Upsample(scale_factor=3, mode="bilinear", align_corners=True)
case("nn.upsample(3, { mode: 'bilinear', alignCorners: true })", layer, (1, 2, 2, 3))
case("nn.unflatten([2, 3, 2])", nn.Unflatten(1, (2, 3, 2)), (2, 12))
symbols = torch.tensor([[0, 3, 3], [1, 4, 0]])
case("nn.embedding(5, 3)", nn.Embedding(5, 3), None, symbols, whole=True)


class LocallyConnected(nn.Module):
    def __init__(self, channels, kernel, places, stride, padding):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(*places, channels[1], channels[0], *kernel))
        self.bias = nn.Parameter(torch.zeros(channels[1], *places))
        self.options = {"kernel_size": kernel, "stride": stride, "padding": padding}

    def forward(self, x):
        columns = F.unfold(x, **self.options).reshape(len(x), *self.weight.shape[3:], *self.weight.shape[:2])
        return torch.einsum("nchwij,ijochw->noij", columns, self.weight) + self.bias


case(
    "nn.locallyConnected2d(2, 3, [2, 3], { inputSize: [4, 5] })",
    LocallyConnected((2, 3), (2, 3), (3, 3), 1, 0),
    (2, 2, 4, 5),
)
case(
    "nn.locallyConnected2d(1, 2, 3, { inputSize: 5, stride: 2, padding: 1 })",
    LocallyConnected((1, 2), (3, 3), (3, 3), 2, 1),
    (1, 1, 5, 5),
)

# In three dimensions.
for channels, kernel, shape, options in [
    ((2, 3), 2, (2, 2, 3, 4, 3), {}),
    ((1, 2), [3, 2, 1], (1, 1, 5, 4, 3), {"stride": [2, 1, 3], "padding": [1, 0, 1]}),
    ((4, 2), 2, (1, 4, 4, 3, 3), {"groups": 2, "dilation": [2, 1, 1], "bias": False}),
    ((1, 1), [2, 3, 1], (1, 1, 4, 3, 2), {"padding": "same"}),
    ((1, 2), 3, (1, 1, 3, 4, 3), {"padding": [2, 1, 0], "paddingMode": "circular"}),
]:
    theirs = {"padding_mode" if key == "paddingMode" else key: value for key, value in options.items()}
    theirs = {key: tuple(value) if isinstance(value, list) else value for key, value in theirs.items()}
    layer = nn.Conv3d(*channels, tuple(kernel) if isinstance(kernel, list) else kernel, **theirs)
    build = f"nn.conv3d({channels[0]}, {channels[1]}, {json.dumps(kernel)}, {json.dumps(options)})"
    case(build, layer, shape)
for channels, kernel, shape, options in [
    ((2, 3), 2, (2, 2, 2, 3, 2), {}),
    ((2, 1), [3, 2, 2], (1, 2, 3, 2, 2), {"stride": 2, "padding": [1, 0, 1], "outputPadding": [1, 0, 1]}),
    ((4, 2), 2, (1, 4, 2, 2, 2), {"groups": 2, "dilation": [3, 1, 2], "bias": False}),
]:
    theirs = {"output_padding" if key == "outputPadding" else key: value for key, value in options.items()}
    layer = nn.ConvTranspose3d(*channels, kernel, **theirs)
    build = f"nn.convTranspose3d({channels[0]}, {channels[1]}, {json.dumps(kernel)}, {json.dumps(options)})"
    case(build, layer, shape)
for shape, kernel, options in [
    ((2, 2, 4, 4, 6), 2, {}),
    ((1, 2, 5, 4, 7), [2, 3, 2], {"stride": [1, 2, 3], "padding": [1, 0, 1]}),
    ((1, 1, 5, 6, 4), 3, {"stride": 2, "padding": 1, "ceilMode": True}),
]:
    theirs = {"ceil_mode" if key == "ceilMode" else key: value for key, value in options.items()}
    case(f"nn.maxPool3d({json.dumps(kernel)}, {json.dumps(options)})", nn.MaxPool3d(kernel, **theirs), shape)
    layer = nn.AvgPool3d(kernel, count_include_pad=False, **theirs)
    case(f"nn.avgPool3d({json.dumps(kernel)}, {json.dumps(options)})", layer, shape)
    counting = json.dumps({**options, "countPadding": True})
    case(f"nn.avgPool3d({json.dumps(kernel)}, {counting})", nn.AvgPool3d(kernel, **theirs), shape)
case("nn.batchNorm3d(3)", nn.BatchNorm3d(3), (2, 3, 2, 3, 2))
case("nn.batchNorm3d(2, { momentum: null, affine: false })", nn.BatchNorm3d(2, momentum=None, affine=False), (1, 2, 3, 2, 3))

# Maxima to a size; minima with their places.
case("nn.globalMaxPool2d()", Function(lambda x: x.amax((2, 3))), (2, 3, 5, 4))
ties = torch.tensor([[1.0, 2, 2, 1], [2, 0, 0, 2], [1, 1, 2, 1], [0, 2, 1, 2], [2, 1, 0, 0]]).reshape(1, 1, 5, 4)
for size, shape in [((1, 1), (2, 3, 5, 4)), ((3, 2), (1, 2, 7, 5)), ((2, 2), (2, 2, 6, 8)), ((4, 5), (1, 2, 3, 3))]:
    case(f"nn.adaptiveMaxPool2d([{size[0]}, {size[1]}])", nn.AdaptiveMaxPool2d(size), shape)
case("nn.adaptiveMaxPool2d([3, 3])", nn.AdaptiveMaxPool2d((3, 3)), None, ties, note="ties go to the first")
case("nn.maxPool3d(2, { stride: 1 })", nn.MaxPool3d(2, stride=1), None, torch.stack([ties, ties], 2), note="ties go to the first")


def lowest(x):
    _, indices = F.max_pool2d(-x, 2, return_indices=True)
    return F.max_unpool2d(F.max_pool2d(x, 2), indices, 2, output_size=x.shape[2:])


case(
    "new (class extends nn.Module { forward(x) { const [, places] = nn.minPool2dWithIndices(2)(x); "
    "return nn.maxUnpool2d(2, { outputSize: x.shape.slice(2) })(nn.maxPool2d(2)(x), places) } })()",
    Function(lowest), (2, 2, 5, 4), note="the largest values put where the smallest were",
)

# Transposed convolutions with turned kernels.


class Turned(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        turned = {"weight": self.layer.weight.flip(tuple(range(2, self.layer.weight.ndim))), "bias": self.layer.bias}
        return torch.func.functional_call(self.layer, turned, (x,))


case("nn.convTranspose1d(2, 3, 3, { flip: true, stride: 2 })", Turned(nn.ConvTranspose1d(2, 3, 3, stride=2)), (2, 2, 4))
case("nn.convTranspose2d(2, 3, [3, 2], { flip: true, stride: 2 })", Turned(nn.ConvTranspose2d(2, 3, (3, 2), stride=2)), (2, 2, 3, 4))
case("nn.convTranspose3d(1, 2, [2, 3, 1], { flip: true })", Turned(nn.ConvTranspose3d(1, 2, (2, 3, 1))), (1, 1, 2, 3, 2))

# Linear layers, activations with a steep edge, shapes, chance at rest.
case("nn.linear(3, 2)", nn.Linear(3, 2), (4, 3))
case("nn.linear(3, 5, { bias: false })", nn.Linear(3, 5, bias=False), (2, 4, 3))
case("nn.relu()", nn.ReLU(), None, marks)
case("nn.sigmoid()", nn.Sigmoid(), None, marks)
case("nn.tanh()", nn.Tanh(), None, marks)
case("nn.sign()", Function(lambda x: torch.where(x > 0, 1.0, -1.0) + 0 * x), None, marks, note="−1 at 0, as a perceptron fires")
case("nn.step()", Function(lambda x: (x > 0).double() + 0 * x), None, marks)
case("nn.softmax()", nn.Softmax(-1), None, marks)
case("nn.softmax(1)", nn.Softmax(1), (2, 3, 2, 2))
case("nn.flatten()", nn.Flatten(), (2, 3, 2, 2))
case("nn.flatten(2)", nn.Flatten(2), (2, 3, 2, 2))
case("nn.dropout(0.3).eval()", nn.Dropout(0.3).eval(), (2, 3))
case("nn.dropout2d(0.3).eval()", nn.Dropout2d(0.3).eval(), (2, 3, 2, 2))
case("nn.localResponseNorm(5)", nn.LocalResponseNorm(5), (2, 7, 3, 2))
case(
    "nn.localResponseNorm(3, { alpha: 0.5, beta: 0.6, k: 2 })",
    nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0), (1, 4, 2, 3),
)
case("nn.sequential(nn.linear(3, 4), nn.tanh(), nn.linear(4, 2))", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), (5, 3))


class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 2)
        self.b = nn.Linear(3, 2)

    def forward(self, x):
        return self.a(x) * self.b(x)


case(
    "new (class extends nn.Module { both = nn.parallel(nn.linear(3, 2), nn.linear(3, 2)); "
    "forward(x) { const [a, b] = this.both(x); return a.mul(b) } })()",
    Product(), (4, 3),
)

# Batches without a sample.
for build, layer, shape in [
    ("nn.linear(3, 2)", nn.Linear(3, 2), (0, 3)),
    ("nn.conv1d(2, 3, 3)", nn.Conv1d(2, 3, 3), (0, 2, 5)),
    ("nn.conv2d(2, 4, 3, { padding: 1, groups: 2 })", nn.Conv2d(2, 4, 3, padding=1, groups=2), (0, 2, 5, 4)),
    ("nn.conv2d(2, 3, 3, { padding: 1, paddingMode: 'reflect' })", nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (0, 2, 5, 4)),
    ("nn.conv3d(2, 3, 2)", nn.Conv3d(2, 3, 2), (0, 2, 3, 4, 3)),
    ("nn.convTranspose1d(2, 3, 3)", nn.ConvTranspose1d(2, 3, 3), (0, 2, 5)),
    ("nn.convTranspose2d(2, 3, 3, { stride: 2 })", nn.ConvTranspose2d(2, 3, 3, stride=2), (0, 2, 3, 3)),
    ("nn.convTranspose3d(2, 3, 2)", nn.ConvTranspose3d(2, 3, 2), (0, 2, 3, 2, 3)),
    ("nn.locallyConnected2d(2, 3, 2, { inputSize: 3 })", LocallyConnected((2, 3), (2, 2), (2, 2), 1, 0), (0, 2, 3, 3)),
    ("nn.maxPool1d(2)", nn.MaxPool1d(2), (0, 2, 5)),
    ("nn.avgPool1d(2)", nn.AvgPool1d(2), (0, 2, 5)),
    ("nn.maxPool2d(2)", nn.MaxPool2d(2), (0, 2, 5, 4)),
    ("nn.minPool2d(2)", Function(lambda x: -F.max_pool2d(-x, 2)), (0, 2, 5, 4)),
    ("nn.avgPool2d(2)", nn.AvgPool2d(2), (0, 2, 5, 4)),
    ("nn.maxPool3d(2)", nn.MaxPool3d(2), (0, 2, 5, 4, 3)),
    ("nn.avgPool3d(2)", nn.AvgPool3d(2), (0, 2, 5, 4, 3)),
    ("nn.adaptiveAvgPool2d(2)", nn.AdaptiveAvgPool2d(2), (0, 2, 5, 4)),
    ("nn.adaptiveMaxPool2d(2)", nn.AdaptiveMaxPool2d(2), (0, 2, 5, 4)),
    ("nn.globalAvgPool2d()", Function(lambda x: x.mean((2, 3))), (0, 2, 5, 4)),
    ("nn.globalMaxPool2d()", Function(lambda x: x.amax((2, 3))), (0, 2, 5, 4)),
    ("nn.upsample(2)", nn.Upsample(scale_factor=2), (0, 2, 3, 4)),
    ("nn.upsample(1.5, { mode: 'bilinear' })", nn.Upsample(scale_factor=1.5, mode="bilinear"), (0, 2, 4, 4)),
    ("nn.layerNorm(3)", nn.LayerNorm(3), (0, 2, 3)),
    ("nn.localResponseNorm(3)", nn.LocalResponseNorm(3), (0, 4, 2, 2)),
    ("nn.prelu(3)", nn.PReLU(3), (0, 3, 2)),
    ("nn.maxout(2)", Function(lambda x: x.reshape(0, 2, 2).amax(2)), (0, 4)),
    ("nn.softmax()", nn.Softmax(-1), (0, 3)),
    ("nn.logSoftmax()", nn.LogSoftmax(-1), (0, 3)),
    ("nn.leakyRelu()", nn.LeakyReLU(), (0, 3)),
    ("nn.elu()", nn.ELU(), (0, 3)),
    ("nn.gelu()", nn.GELU(), (0, 3)),
    ("nn.softplus()", nn.Softplus(), (0, 3)),
    ("nn.relu()", nn.ReLU(), (0, 3)),
    ("nn.sigmoid()", nn.Sigmoid(), (0, 3)),
    ("nn.tanh()", nn.Tanh(), (0, 3)),
    ("nn.sign()", Function(lambda x: torch.where(x > 0, 1.0, -1.0) + 0 * x), (0, 3)),
    ("nn.step()", Function(lambda x: (x > 0).double() + 0 * x), (0, 3)),
    ("nn.identity()", nn.Identity(), (0, 3)),
    ("nn.dropout(0.5)", nn.Dropout(0.5), (0, 3)),
    ("nn.dropout2d(0.5)", nn.Dropout2d(0.5), (0, 3, 2, 2)),
    ("nn.flatten()", nn.Flatten(), (0, 3, 2)),
    ("nn.unflatten([2, 3])", nn.Unflatten(1, (2, 3)), (0, 6)),
    ("nn.residual(nn.linear(3, 3))", Residual(nn.Linear(3, 3)), (0, 3)),
    ("nn.concat(nn.identity(), nn.linear(3, 2))", Concat(nn.Identity(), nn.Linear(3, 2)), (0, 3)),
]:
    case(build, layer, shape, note="an empty batch")
case("nn.embedding(5, 3)", nn.Embedding(5, 3), None, torch.zeros(0, 2, dtype=torch.int64), whole=True, note="an empty batch")

golden = {"torch": torch.__version__, "cases": cases}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
