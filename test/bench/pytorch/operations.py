"""Operations as PyTorch computes them: the counterparts of nnlab/operations.ts, with the same numbers."""

import torch
from networks import pattern
from torch import nn
from torch.nn import functional as F


def operand(shape, start, requires_grad=False):
    size = 1
    for side in shape:
        size *= side
    return pattern(size, 1000 * start).reshape(shape).requires_grad_(requires_grad)


def elementwise(compute, prepared=lambda x: x):
    def make(*shape):
        x = prepared(operand(shape, 1))

        def run():
            with torch.no_grad():
                return compute(x)

        return run

    return make


def gradient_of(output, *inputs):
    gradient = operand(output.shape, 9)
    return lambda: torch.autograd.grad(output, inputs, gradient, retain_graph=True)[0]


def convolution(wanted):
    def make(batch, inputs, side, outputs, kernel, padding, stride):
        image = operand([batch, inputs, side, side], 1, wanted == "image")
        weight = operand([outputs, inputs, kernel, kernel], 2, wanted == "weight")
        output = lambda: F.conv2d(image, weight, None, stride, padding)
        if wanted is None:
            return output
        return gradient_of(output(), image if wanted == "image" else weight)

    return make


def matmul(m, n, k):
    a, b = operand([m, k], 1), operand([k, n], 2)
    return lambda: a @ b


def add(*shape):
    a, b = operand(shape, 1), operand(shape, 2)
    return lambda: a + b


def bias_relu(*shape):
    x, bias = operand(shape, 1), operand([shape[1], 1, 1], 2)
    return lambda: F.relu(x + bias)


def relu_gradient(*shape):
    x = operand(shape, 1, True)
    return gradient_of(F.relu(x), x)


def cross_entropy(rows, classes):
    logits = operand([rows, classes], 1, True)
    labels = (7 * torch.arange(rows)) % classes
    return lambda: torch.autograd.grad(F.cross_entropy(logits, labels), logits)[0]


def batch_norm(*shape):
    x, layer = operand(shape, 1), nn.BatchNorm2d(shape[1])

    def run():
        with torch.no_grad():
            return layer(x)

    return run


def batch_norm_gradient(*shape):
    x, layer = operand(shape, 1, True), nn.BatchNorm2d(shape[1])
    return gradient_of(layer(x), x, layer.weight, layer.bias)


def max_pool_gradient(*shape):
    x = operand(shape, 1, True)
    return gradient_of(F.max_pool2d(x, 2), x)


def stepper(make_optimizer):
    def make(size):
        parameter = nn.Parameter(operand([size], 1))
        parameter.grad = operand([size], 2)
        optimizer = make_optimizer([parameter])

        def run():
            optimizer.step()
            return parameter.detach()

        return run

    return make


def chain(size):
    x, w = operand([size], 1), operand([size], 2, True)
    return lambda: torch.autograd.grad(F.relu((w + x) * x).sum(), w)[0]


OPERATIONS = {
    "matmul": matmul,
    "conv2d": convolution(None),
    "conv2dInputGradient": convolution("image"),
    "conv2dWeightGradient": convolution("weight"),
    "add": add,
    "relu": elementwise(F.relu),
    "exp": elementwise(torch.exp),
    "reshape": elementwise(lambda x: x.reshape(2, -1)),
    "biasRelu": bias_relu,
    "reluGradient": relu_gradient,
    "sum": elementwise(torch.sum, torch.abs),
    "sumRows": elementwise(lambda x: x.sum(1), torch.abs),
    "sumColumns": elementwise(lambda x: x.sum(0), torch.abs),
    "softmax": elementwise(lambda x: x.softmax(1)),
    "crossEntropy": cross_entropy,
    "batchNorm2d": batch_norm,
    "batchNorm2dGradient": batch_norm_gradient,
    "maxPool2d": elementwise(lambda x: F.max_pool2d(x, 2)),
    "maxPool2dGradient": max_pool_gradient,
    "sgdStep": stepper(lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9)),
    "adamStep": stepper(lambda parameters: torch.optim.Adam(parameters, lr=0.1)),
    "chain": chain,
}


def checksum(result):
    values = result.double().flatten().abs()
    return (values * (1 + torch.arange(values.numel()) % 7)).mean().item()


def prepare(operation, sizes):
    step = OPERATIONS[operation](*sizes)
    return checksum(step()), step
