"""Makes operations.json: PyTorch's values and gradients for the operations that no other script of this folder asks about.

Run: python operations.py > operations.json   (torch 2.13.0, CPU)
"""
import torch
from cases import case, finish
from torch.nn import functional as F

torch.manual_seed(23)
torch.set_num_threads(1)
r = torch.randn
marks = torch.tensor([-30., -3., -1., -0.1, -1e-4, 0., 1e-4, 0.1, 1., 3., 8., 30.])
halves = torch.tensor([-2., -1.5, -0.5, -0.25, 0.25, 0.5, 1.5, 2.])

# Element by element.
for op, f, x in [
    ("neg", torch.neg, marks), ("sign", torch.sign, marks), ("exp", torch.exp, marks[:-1]), ("square", torch.square, marks),
    ("log", torch.log, torch.tensor([1e-6, 0.5, 1., 2., 1e6])), ("sqrt", torch.sqrt, torch.tensor([1e-6, 0.5, 1., 2., 1e6])),
    ("reciprocal", torch.reciprocal, torch.tensor([-3., -0.5, 0.25, 2.])), ("sin", torch.sin, marks), ("cos", torch.cos, marks),
    ("floor", torch.floor, halves), ("ceil", torch.ceil, halves), ("tanh", torch.tanh, marks), ("erf", torch.erf, marks),
    ("clone", torch.clone, marks), ("step", lambda x: torch.heaviside(x, torch.zeros((), dtype=x.dtype)).detach(), marks),
]:
    case(op, [x], [], f)
for slope in (0.01, 0.3):
    case("leakyRelu", [marks], [slope], lambda x, a=slope: F.leaky_relu(x, a))
for alpha in (1, 0.4):
    case("elu", [marks], [alpha], lambda x, a=alpha: F.elu(x, a))
for how in ("none", "tanh"):
    case("gelu", [marks], [{"approximate": how}], lambda x, a=how: F.gelu(x, approximate=a), how)
case("prelu", [r(2, 3, 4), r(3)], [], F.prelu, "a slope per channel")
case("prelu", [marks, torch.tensor([0.2])], [], F.prelu, "one slope")
case("maxout", [r(2, 6)], [3, 1], lambda x: x.reshape(2, 2, 3).amax(2))
case("sub", [r(4, 1), r(2, 1, 3)], [], torch.sub, "broadcast both ways")
case("minimum", [torch.tensor([1., 2., 3.]), torch.tensor([1., 3., 2.])], [], torch.minimum, "ties share")
case("where", [torch.tensor([[True], [False]]), r(3), r(2, 1)], [], torch.where, "broadcast all ways")
case("to", [marks[:-1]], ["int32"], lambda x: x.detach().to(torch.int32), "cut off towards zero")
relus = torch.tensor([0., 0., 0.5, 2.])
case("reluGradient", [relus, r(4)], [], lambda y, g: torch.ops.aten.threshold_backward(g, y, 0))
case("sigmoidGradient", [torch.tensor([0.1, 0.5, 0.9, 1.]), r(4)], [], lambda y, g: torch.ops.aten.sigmoid_backward(g, y))
case("tanhGradient", [torch.tensor([-0.9, 0., 0.5, 1.]), r(4)], [], lambda y, g: torch.ops.aten.tanh_backward(g, y))

# Questions.
a, b = torch.tensor([[1., 2., 3.], [3., 2., 1.]]), torch.tensor([2., 2., 1.])
for op, f in [
    ("equal", torch.eq), ("notEqual", torch.ne), ("less", torch.lt), ("lessEqual", torch.le), ("greater", torch.gt),
    ("greaterEqual", torch.ge),
]:
    case(op, [a, b], [], f, "broadcast")
p, q = torch.tensor([[True, True], [False, False]]), torch.tensor([True, False])
for op, f in [("logicalAnd", torch.logical_and), ("logicalOr", torch.logical_or), ("logicalXor", torch.logical_xor)]:
    case(op, [p, q], [], f, "broadcast")
# JSON holds neither NaN nor infinity: the logarithms of these numbers are asked about.
for op, f in [("isNaN", torch.isnan), ("isFinite", torch.isfinite), ("isInfinite", torch.isinf)]:
    case(op, [torch.tensor([-1., 0., 1.])], [], lambda x, f=f: f(x.log()), "of logarithms")
case("logicalNot", [p], [], torch.logical_not)
for op, f in [("any", torch.any), ("all", torch.all)]:
    for dim in (0, 1):
        case(op, [torch.tensor([[True, False, True], [True, False, False]])], [dim], lambda x, f=f, d=dim: f(x, d))
    case(op, [torch.zeros(0, 2, dtype=torch.bool)], [0], lambda x, f=f: f(x, 0), "of nothing")

# Other shapes.
x = r(2, 3, 4)
case("reshape", [x], [[4, -1]], lambda x: x.reshape(4, -1))
case("flatten", [x], [1, 2], lambda x: x.flatten(1, 2))
case("unsqueeze", [x], [-1], lambda x: x.unsqueeze(-1))
case("squeeze", [r(2, 1, 3, 1)], [], lambda x: x.squeeze())
case("squeeze", [r(2, 1, 3, 1)], [1], lambda x: x.squeeze(1))
case("permute", [x], [[2, 0, 1]], lambda x: x.permute(2, 0, 1))
case("transpose", [x], [0, -1], lambda x: x.transpose(0, -1))
case("expand", [r(3, 1)], [[2, 3, 4]], lambda x: x.expand(2, 3, 4))
case("flip", [x], [[0, 2]], lambda x: x.flip(0, 2))
case("slice", [r(5, 6)], [[[1, 4], [0, 6, 2]]], lambda x: x[1:4, 0:6:2])
case("slice", [r(5, 6)], [[-1, None]], lambda x: x[-1], "one row")
case("narrow", [x], [2, 1, 2], lambda x: x.narrow(2, 1, 2))
case("select", [x], [1, -1], lambda x: x.select(1, -1))
case("concat", [r(2, 3), r(2, 1), r(2, 2)], [1], lambda *x: torch.cat(x, 1))
case("stack", [r(2, 3), r(2, 3)], [1], lambda *x: torch.stack(x, 1))
case("split", [r(5, 3)], [2, 0], lambda x: x.split(2, 0)[1], "the second part")
case("chunk", [r(5, 3)], [3, 0], lambda x: x.chunk(3, 0)[2], "the last part")
case("meshgrid", [r(2), r(3)], [], lambda *x: torch.meshgrid(*x, indexing="ij")[1], "the second grid")

# By a mask; positions.
mask = torch.tensor([[True, False, True, False]])
case("maskedFill", [r(3, 4), mask], [-7], lambda x, m: x.masked_fill(m, -7))
case("maskedSelect", [r(3, 4), mask.expand(3, 4)], [], torch.masked_select)
zeros = torch.tensor([[0., 2., 0.], [-1., 0., 3.]])
case("nonzero", [zeros], [], lambda x: x.detach().nonzero())
for op, f in [("argmax", torch.argmax), ("argmin", torch.argmin)]:
    case(op, [r(3, 4)], [], lambda x, f=f: f(x.detach()))
    case(op, [r(2, 3, 4)], [1, {"keepDim": True}], lambda x, f=f: f(x.detach(), 1, keepdim=True))

# In order and in sequence.
for shape, dim in [((5,), 0), ((3, 4), 1), ((4, 3, 2), 0), ((1, 6), 0)]:
    case("median", [r(*shape)], [dim], lambda x, d=dim: x.median(d).values)
case("median", [r(3, 4)], [], lambda x: x.median())
case("median", [r(3, 4)], [1, {"keepDim": True}], lambda x: x.median(1, keepdim=True).values)
for share in (0, 0.25, 0.6, 1):
    case("quantile", [r(3, 4)], [share, 1], lambda x, q=share: x.quantile(q, 1))
case("quantile", [r(2, 3)], [0.37, None, {"keepDim": True}], lambda x: x.quantile(0.37, keepdim=True))
for x, dim in [
    (r(5), 0), (r(2, 3, 4), 1), (torch.tensor([[2., 0., 3., 1.], [0., 0., 5., 2.], [1., 2., 3., 0.]]), 1), (r(1, 3), 0)
]:
    case("cumprod", [x], [dim], lambda x, d=dim: x.cumprod(d), "zeros" if (x == 0).any() else "")
repeated = torch.tensor([[3., 1., 3.], [2., 1., 3.]])
case("unique", [repeated], [], lambda x: x.detach().unique())
case("uniqueCounts", [repeated], [], lambda x: x.detach().unique(return_counts=True)[1])

# Products.
case("dot", [r(4), r(4)], [], torch.dot)
case("outer", [r(3), r(4)], [], torch.outer)

# Windows.
case("unfold2d", [r(2, 3, 5, 4)], [[3, 2], {"stride": 2, "padding": 1}], lambda x: F.unfold(x, (3, 2), stride=2, padding=1))
case("unfold2d", [r(1, 2, 5, 6)], [2, {"dilation": [1, 3]}], lambda x: F.unfold(x, 2, dilation=(1, 3)))


def locally(x, w, b):
    places, kernel = w.shape[:2], w.shape[4:]
    columns = F.unfold(x, kernel, stride=2).reshape(len(x), *w.shape[3:], *places)
    return torch.einsum("nchwij,ijochw->noij", columns, w) + b


case("locallyConnected2d", [r(2, 2, 5, 6), r(2, 2, 3, 2, 3, 3), r(3, 2, 2)], [{"stride": 2}], locally)
case("standardize", [r(4, 3)], [0], lambda x: F.batch_norm(x, None, None, training=True))
case("standardize", [r(2, 3, 4)], [[1, 2], {"epsilon": 0.1}], lambda x: F.layer_norm(x, (3, 4), eps=0.1))
case("upsample", [r(1, 2, 3, 4)], [{"scale": 1.5}], lambda x: F.interpolate(x, scale_factor=1.5))
case("upsample", [r(1, 2, 5, 3)], [{"size": [3, 7], "mode": "bilinear"}],
     lambda x: F.interpolate(x, (3, 7), mode="bilinear", align_corners=False))
case("upsample", [r(1, 1, 3, 2)], [{"size": [5, 4], "mode": "bilinear", "alignCorners": True}],
     lambda x: F.interpolate(x, (5, 4), mode="bilinear", align_corners=True))
for options in ({}, {"stride": [1, 2], "padding": 1}, {"stride": 2, "ceilMode": True}):
    theirs = {"ceil_mode" if key == "ceilMode" else key: value for key, value in options.items()}
    image, volume, line = r(2, 2, 5, 7), r(1, 2, 4, 5, 6), r(2, 2, 7)
    case("minPool2d", [image], [3, options], lambda x: -F.max_pool2d(-x, 3, **theirs))
    case("maxPool2dIndices", [image], [3, options], lambda x: F.max_pool2d(x.detach(), 3, return_indices=True, **theirs)[1])
    case("minPool2dIndices", [image], [3, options], lambda x: F.max_pool2d(-x.detach(), 3, return_indices=True, **theirs)[1])
    flat = {key: value[-1] if isinstance(value, list) else value for key, value in options.items()}
    deep = {key: [1, *value] if isinstance(value, list) else value for key, value in options.items()}
    for op, sample, ours in (("Pool1d", line, flat), ("Pool3d", volume, deep)):
        theirs3 = {"ceil_mode" if key == "ceilMode" else key: value for key, value in ours.items()}
        biggest, average = (F.max_pool1d, F.avg_pool1d) if op == "Pool1d" else (F.max_pool3d, F.avg_pool3d)
        case("max" + op, [sample], [3, ours], lambda x: biggest(x, 3, **theirs3))
        case("avg" + op, [sample], [3, ours], lambda x: average(x, 3, count_include_pad=False, **theirs3))
for size in (1, [2, 3], [3, 2], [6, 8]):
    theirs = tuple(size) if isinstance(size, list) else size
    case("adaptiveAvgPool2d", [r(2, 2, 5, 7)], [size], lambda x: F.adaptive_avg_pool2d(x, theirs))
    case("adaptiveMaxPool2d", [r(2, 2, 5, 7)], [size], lambda x: F.adaptive_max_pool2d(x, theirs))
values, indices = F.max_pool2d(r(2, 2, 5, 4), 2, return_indices=True)
case("maxUnpool2d", [values, indices], [2, {"outputSize": [5, 4]}], lambda x, i: F.max_unpool2d(x, i, 2, output_size=(5, 4)))

# Convolutions; those of images are in golden.py.
case("conv1d", [r(2, 4, 9), r(6, 2, 3), r(6)], [{"stride": 2, "padding": 3, "dilation": 2, "groups": 2}],
     lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=3, dilation=2, groups=2))
case("conv1d", [r(1, 2, 6), r(3, 2, 4)], [{"padding": "same"}], lambda x, w: F.conv1d(x, w, padding="same"))
case("conv3d", [r(2, 2, 4, 5, 3), r(4, 1, 2, 3, 2), r(4)], [{"stride": [1, 2, 1], "padding": [1, 0, 1], "dilation": [2, 1, 1], "groups": 2}],
     lambda x, w, b: F.conv3d(x, w, b, stride=(1, 2, 1), padding=(1, 0, 1), dilation=(2, 1, 1), groups=2))
case("convTranspose1d", [r(2, 4, 5), r(4, 3, 3), r(6)], [{"stride": 3, "padding": 1, "outputPadding": 2, "dilation": 2, "groups": 2}],
     lambda x, w, b: F.conv_transpose1d(x, w, b, stride=3, padding=1, output_padding=2, dilation=2, groups=2))
case("convTranspose2d", [r(2, 4, 3, 4), r(4, 3, 3, 2), r(6)],
     [{"stride": [2, 3], "padding": [1, 0], "outputPadding": [1, 2], "dilation": [1, 2], "groups": 2}],
     lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 3), (1, 0), (1, 2), 2, (1, 2)))
case("convTranspose3d", [r(1, 2, 3, 2, 3), r(2, 2, 2, 3, 2), r(2)], [{"stride": [2, 1, 2], "padding": [0, 1, 1], "outputPadding": [1, 0, 0]}],
     lambda x, w, b: F.conv_transpose3d(x, w, b, (2, 1, 2), (0, 1, 1), (1, 0, 0)))

# Batches without a sample.
for op, f, operands, options in [
    ("conv1d", F.conv1d, [r(0, 2, 5), r(3, 2, 2), r(3)], []), ("conv2d", F.conv2d, [r(0, 2, 5, 5), r(3, 2, 2, 2), r(3)], [{}]),
    ("conv3d", F.conv3d, [r(0, 2, 3, 3, 3), r(3, 2, 2, 2, 2), r(3)], []),
    ("convTranspose2d", F.conv_transpose2d, [r(0, 2, 3, 3), r(2, 3, 2, 2), r(3)], []),
    ("linear", F.linear, [r(0, 2), r(3, 2), r(3)], []), ("matmul", torch.matmul, [r(0, 2), r(2, 3)], []),
    ("softmax", lambda x: F.softmax(x, 1), [r(0, 3)], [1]), ("logSumExp", lambda x: x.logsumexp(1), [r(0, 3)], [1]),
    ("sum", lambda x: x.sum(0), [r(0, 3)], [0]), ("prod", lambda x: x.prod(0), [r(0, 3)], [0]),
    ("cumprod", lambda x: x.cumprod(0), [r(0, 3)], [0]), ("concat", lambda *x: torch.cat(x, 0), [r(0, 3), r(2, 3)], [0]),
]:
    case(op, operands, options, f, "an empty batch")

finish()
