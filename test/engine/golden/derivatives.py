"""Jacobian and Hessian matrices of composed functions, and clipped gradients, from PyTorch.

Run: python derivatives.py > derivatives.json   (torch 2.13.0, CPU)
The functions have the same names in derivatives.test.ts. float32 operands, computed in float64; clipping in float32.
"""
import json
import torch
import torch.nn.functional as F
from torch.autograd.functional import hessian, jacobian

torch.manual_seed(11)


def pack(t):
    return {"shape": list(t.shape), "values": [float(v) for v in t.detach().flatten()]}


image = torch.randn(1, 2, 4, 4)
kernel = torch.randn(2, 2, 3, 3)
weight = torch.randn(3, 4)
labels = torch.tensor([2, 0])


functions = {
    "softmax": lambda x: F.softmax(x, -1),
    "mlp": lambda x: torch.tanh(x @ weight.double().T).square(),
    "conv": lambda x: F.max_pool2d(torch.sigmoid(F.conv2d(x, kernel.double(), padding=1)), 2).flatten(1),
    "logSumExp": lambda x: torch.logsumexp(x, -1),
}
scalars = {
    "crossEntropy": lambda x: F.cross_entropy(x, labels),
    "mlp": lambda x: torch.tanh(x @ weight.double().T).square().sum(),
    "conv": lambda x: torch.sigmoid(F.conv2d(x, kernel.double(), padding=1)).square().sum(),
    "rosenbrock": lambda x: ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum(),
}
operands = {
    "softmax": torch.randn(2, 3), "mlp": torch.randn(2, 4), "conv": image, "logSumExp": torch.randn(3, 4),
    "crossEntropy": torch.randn(2, 3), "rosenbrock": torch.randn(3),
}
clips = []
for max_norm, p in [(1.0, 2.0), (100.0, 2.0), (0.5, 1.0), (0.3, float("inf")), (1.0, 3.0)]:
    params = [torch.zeros(2, 3), torch.zeros(4)]
    torch.manual_seed(5)
    given = [torch.randn_like(q) for q in params]
    for q, g in zip(params, given):
        q.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm, p)
    clips.append({"maxNorm": max_norm, "p": "Infinity" if p == float("inf") else p, "given": [pack(g) for g in given],
                  "norm": float(norm), "clipped": [pack(q.grad) for q in params]})
params[0].grad, params[1].grad = given[0].clone(), given[1].clone()
torch.nn.utils.clip_grad_value_(params, 0.5)

print(json.dumps({
    "weight": pack(weight), "kernel": pack(kernel), "labels": labels.tolist(),
    "jacobians": [{"name": n, "x": pack(operands[n]), "jacobian": pack(jacobian(f, operands[n].double()))} for n, f in functions.items()],
    "hessians": [{"name": n, "x": pack(operands[n]), "hessian": pack(hessian(f, operands[n].double()))} for n, f in scalars.items()],
    "clipValue": [pack(q.grad) for q in params],
    "clips": clips,
}))
