"""Values and gradients from PyTorch for the operations that are easy to get subtly wrong.

Run: python golden.py > golden.json   (torch 2.13.0, CPU)
"""
import torch
import torch.nn.functional as F
from cases import case, finish

torch.manual_seed(7)
r = torch.randn
for note, x, w, b, ours, theirs in [
    ("plain", (2, 3, 7, 6), (4, 3, 3, 3), (4,), {}, {}),
    ("stride and padding", (2, 3, 7, 6), (4, 3, 3, 3), (4,), {"stride": 2, "padding": 1}, {"stride": 2, "padding": 1}),
    ("uneven stride", (1, 2, 8, 7), (3, 2, 3, 2), None, {"stride": [3, 2], "padding": [0, 1]}, {"stride": (3, 2), "padding": (0, 1)}),
    ("dilation", (2, 2, 9, 8), (2, 2, 3, 3), (2,), {"dilation": 2, "padding": 2}, {"dilation": 2, "padding": 2}),
    ("groups", (2, 4, 5, 5), (6, 2, 3, 3), (6,), {"groups": 2}, {"groups": 2}),
    ("depthwise", (1, 3, 6, 6), (3, 1, 3, 3), None, {"groups": 3, "padding": "same"}, {"groups": 3, "padding": "same"}),
    ("same with an even kernel", (1, 1, 5, 5), (1, 1, 2, 4), None, {"padding": "same"}, {"padding": "same"}),
]:
    operands = [r(*x), r(*w)] + ([r(*b)] if b else [])
    case("conv2d", operands, ours, lambda *o, k=theirs: F.conv2d(*o, **k), note)

ties = torch.tensor([[1., 1., 2., 2.], [1., 1., 2., 2.], [0., 0., -1., -3.], [0., 0., -2., -1.]]).reshape(1, 1, 4, 4)
case("maxPool2d", [ties], [2, {}], lambda x: F.max_pool2d(x, 2), "ties go to the first")
case("maxPool2d", [ties], [3, {"stride": 1, "padding": 1}], lambda x: F.max_pool2d(x, 3, 1, 1), "ties in overlapping windows")
case("maxPool2d", [r(2, 3, 7, 5)], [3, {"stride": 2}], lambda x: F.max_pool2d(x, 3, 2), "a remainder is left out")
case("maxPool2d", [-r(1, 1, 5, 5).abs()], [3, {"stride": 2, "padding": 1}], lambda x: F.max_pool2d(x, 3, 2, 1), "padding never wins")
case("avgPool2d", [r(2, 3, 7, 5)], [3, {"stride": 2, "padding": 1}], lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), "padding does not count")
case("avgPool2d", [r(2, 3, 6, 6)], [[2, 3], {}], lambda x: F.avg_pool2d(x, (2, 3)))

extreme = torch.tensor([[1000., 1001., 999.], [-1000., -1001., 0.], [88., 89., -90.]])
for dim in (0, 1):
    case("softmax", [extreme], [dim], lambda x, d=dim: F.softmax(x, d), "extremes")
    case("logSoftmax", [extreme], [dim], lambda x, d=dim: F.log_softmax(x, d), "extremes")
    case("logSumExp", [extreme], [dim], lambda x, d=dim: torch.logsumexp(x, d), "extremes")
case("softmax", [r(2, 3, 4)], [1], lambda x: F.softmax(x, 1), "a middle dimension")

x3 = r(2, 3, 4)
case("sum", [x3], [[0, 2], {"keepDim": True}], lambda x: x.sum((0, 2), keepdim=True))
case("mean", [x3], [[0, 2], {"keepDim": True}], lambda x: x.mean((0, 2), keepdim=True))
case("mean", [x3], [1], lambda x: x.mean(1))
case("prod", [torch.tensor([[1., 0., 3.], [2., 4., 5.], [0., 0., 7.]])], [1], lambda x: x.prod(1), "zeros")
case("max", [torch.tensor([[1., 3., 3.], [2., 2., 2.]])], [1], lambda x: torch.amax(x, 1), "ties share, as in amax")
case("min", [torch.tensor([[1., 1., 3.], [2., 0., 2.]])], [None], lambda x: torch.amin(x))
case("variance", [x3], [[0, 2], {"keepDim": True}], lambda x: x.var((0, 2), keepdim=True))
case("variance", [x3], [1, {"correction": 0}], lambda x: x.var(1, correction=0))
case("std", [x3], [2], lambda x: x.std(2))
case("norm", [x3], [1, {"p": 3}], lambda x: x.norm(p=3, dim=1))

case("add", [r(4, 1), r(2, 1, 3)], [], lambda a, b: a + b, "broadcast both ways")
case("mul", [r(4, 1), r(2, 1, 3)], [], lambda a, b: a * b, "broadcast both ways")
case("div", [r(2, 3), r(3) + 3], [], lambda a, b: a / b)
case("pow", [torch.tensor([0., 1., 2., 3.]), torch.tensor([2., 0., -1., 0.5])], [], lambda a, b: a ** b, "zero base, zero exponent")
case("maximum", [torch.tensor([1., 2., 3.]), torch.tensor([1., 3., 2.])], [], torch.maximum, "ties share")
case("clamp", [torch.tensor([-1., -0.5, 0.25, 0.5, 1.])], [-0.5, 0.5], lambda x: x.clamp(-0.5, 0.5), "the bounds pass the gradient")
case("abs", [torch.tensor([-1., 0., 2.])], [], torch.abs, "0 at 0")
case("relu", [torch.tensor([-1., 0., 2.])], [], torch.relu, "0 at 0")
case("softplus", [torch.tensor([-100., -1., 0., 1., 15., 100.])], [], lambda x: F.softplus(x))
case("sigmoid", [torch.tensor([-100., -1., 0., 1., 100.])], [], torch.sigmoid)
case("round", [torch.tensor([-1.5, -0.5, 0.5, 1.5, 2.5])], [], torch.round, "halves to even")

case("matmul", [r(2, 1, 2, 3), r(4, 3, 2)], [], torch.matmul, "batches broadcast")
case("matmul", [r(3), r(2, 3, 4)], [], torch.matmul, "a vector and a batch")
case("matmul", [r(2, 3, 4), r(4)], [], torch.matmul, "a batch and a vector")
case("linear", [r(2, 5, 3), r(4, 3), r(4)], [], F.linear)
case("gather", [r(3, 4), torch.tensor([[0, 0, 3], [2, 1, 0]])], [1], lambda x, i: torch.gather(x, 1, i), "repeated indices")
case("indexSelect", [r(3, 4), torch.tensor([1, 1, 3])], [1], lambda x, i: torch.index_select(x, 1, i), "repeated indices")
case("pad", [r(2, 3)], [[[1, 0], [0, 2]], 1.5], lambda x: F.pad(x, (0, 2, 1, 0), value=1.5))

finish()
