"""Makes losses.json: what PyTorch computes for every loss. Run with torch 2.13.0: python losses.py"""

import json
import math
import pathlib

import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def wave(shape, scale, step, phase=0.0):
    """scale * sin(step * i + phase)."""
    values = [scale * math.sin(step * i + phase) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(torch.float32)


def numbers(tensor):
    return tensor.detach().to(torch.float64).tolist()


scores = wave([4, 3], 3.0, 1.7)
labels = torch.tensor([0, 2, 1, 2])
soft = torch.softmax(wave([4, 3], 2.0, 0.9, 0.4), 1)
weight = torch.tensor([0.5, 2.0, 1.25])
spread = wave([2, 3, 2, 2], 2.0, 1.3)
spread_labels = torch.tensor([[[0, 2], [1, 1]], [[2, 0], [0, 1]]])
target = wave([4, 3], 1.0, 0.7, 0.2)
shares = torch.sigmoid(wave([4, 3], 3.0, 1.1))
goals = torch.sigmoid(wave([4, 3], 2.0, 0.6, 1.0))
mask = (wave([2, 3, 3], 1.0, 0.8) > 0).to(torch.float32)
found = torch.sigmoid(wave([2, 3, 3], 2.0, 0.5))
log_variance = wave([4, 3], 1.0, 0.9, 0.5)
other = wave([4, 3], 2.0, 0.8, 0.9)
extreme = torch.tensor([[-200.0, -1.0, 0.0], [0.5, 30.0, 200.0]])
yes = torch.tensor([[0.0, 1.0, 0.25], [1.0, 0.0, 1.0]])
sure = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
spread_soft = torch.softmax(wave([2, 3, 2, 2], 1.5, 0.7), 1)
images = wave([2, 1, 3, 2], 1.0, 0.6)
no_images = wave([2, 1, 3, 2], 1.0, 0.9, 0.3)
variances = torch.exp(wave([3], 1.0, 1.3))


def reduced(losses, reduction):
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def dice(p, t, reduction, eps=1e-6):
    a, b = p.flatten(1), t.flatten(1)
    return reduced(1 - (2 * (a * b).sum(1) + eps) / (a.sum(1) + b.sum(1) + eps), reduction)


def nt_xent(a, b, reduction, temperature):
    n = a.shape[0]
    rows = F.normalize(torch.cat([a, b]), dim=1)
    scores = (rows @ rows.T / temperature).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(scores, partner, reduction=reduction)


cases = {
    "crossEntropy": (lambda x, r: F.cross_entropy(x, labels, reduction=r), scores, labels),
    "crossEntropySoft": (lambda x, r: F.cross_entropy(x, soft, reduction=r), scores, soft),
    "crossEntropySpread": (lambda x, r: F.cross_entropy(x, spread_labels, reduction=r), spread, spread_labels),
    "crossEntropySpreadSoft": (
        lambda x, r: F.cross_entropy(x, spread_soft, weight=weight, label_smoothing=0.3, reduction=r), spread, spread_soft),
    "nllSpread": (
        lambda x, r: F.nll_loss(x, spread_labels, weight=weight, reduction=r), torch.log_softmax(spread, 1), spread_labels),
    "mse": (lambda x, r: F.mse_loss(x, target, reduction=r), scores, target),
    "mseImages": (lambda x, r: F.mse_loss(x, no_images, reduction=r), images, no_images),
    "maeImages": (lambda x, r: F.l1_loss(x, no_images, reduction=r), images, no_images),
    "bceWithLogits": (lambda x, r: F.binary_cross_entropy_with_logits(x, yes, reduction=r), extreme, yes),
    "bceSure": (lambda x, r: F.binary_cross_entropy(x, sure, reduction=r), shares, sure),
    "diceEps": (lambda x, r: dice(x, mask, r, 1.0), found, mask),
    "sseHalf": (lambda x, r: reduced((x - target).square().sum(1) / 2, r), scores, target),
    "sseImages": (lambda x, r: reduced((x - no_images).square().flatten(1).sum(1), r), images, no_images),
    "pNormLargest": (
        lambda x, r: reduced(torch.linalg.vector_norm(x - target, float("inf"), dim=1), r), scores, target),
    "gaussianNllVariances": (
        lambda x, r: reduced(
            F.gaussian_nll_loss(x, target, variances.expand(4, 3), full=True, reduction="none").sum(1), r),
        scores, target),
    "klDivergenceSure": (
        lambda x, r: reduced(F.kl_div(x, sure, reduction="none").sum(1), r), torch.log_softmax(scores, 1), sure),
    "crossEntropyWeight": (lambda x, r: F.cross_entropy(x, labels, weight=weight, reduction=r), scores, labels),
    "crossEntropySmoothing": (lambda x, r: F.cross_entropy(x, labels, label_smoothing=0.2, reduction=r), scores, labels),
    "crossEntropyBoth": (
        lambda x, r: F.cross_entropy(x, labels, weight=weight, label_smoothing=0.2, reduction=r), scores, labels),
    "crossEntropySoftBoth": (
        lambda x, r: F.cross_entropy(x, soft, weight=weight, label_smoothing=0.2, reduction=r), scores, soft),
    "crossEntropySpreadBoth": (
        lambda x, r: F.cross_entropy(x, spread_labels, weight=weight, label_smoothing=0.1, reduction=r),
        spread, spread_labels),
    "nll": (lambda x, r: F.nll_loss(x, labels, reduction=r), torch.log_softmax(scores, 1), labels),
    "nllWeight": (lambda x, r: F.nll_loss(x, labels, weight=weight, reduction=r), torch.log_softmax(scores, 1), labels),
    "bce": (lambda x, r: F.binary_cross_entropy(x, goals, reduction=r), shares, goals),
    "dice": (lambda x, r: dice(x, mask, r), found, mask),
    "sse": (lambda x, r: reduced((x - target).square().sum(1), r), scores, target),
    "mae": (lambda x, r: F.l1_loss(x, target, reduction=r), scores, target),
    "pNorm1": (lambda x, r: reduced(torch.linalg.vector_norm(x - target, 1, dim=1), r), scores, target),
    "pNorm2": (lambda x, r: reduced(torch.linalg.vector_norm(x - target, 2, dim=1), r), scores, target),
    "pNorm3": (lambda x, r: reduced(torch.linalg.vector_norm(x - target, 3, dim=1), r), scores, target),
    "gaussianNll": (
        lambda x, r: reduced(F.gaussian_nll_loss(x, target, torch.full([4, 3], 0.3), full=True, reduction="none").sum(1), r),
        scores, target),
    "klDivergence": (
        lambda x, r: reduced(F.kl_div(x, soft, reduction="none").sum(1), r), torch.log_softmax(scores, 1), soft),
    "gaussianKl": (
        lambda x, r: reduced(torch.distributions.kl_divergence(
            torch.distributions.Normal(x, (0.5 * log_variance).exp()), torch.distributions.Normal(0.0, 1.0)).sum(1), r),
        scores, log_variance),
    "ntXent": (lambda x, r: nt_xent(x, other, r, 0.5), scores, other),
    "ntXentCold": (lambda x, r: nt_xent(x, other, r, 0.1), scores, other),
    "triplet": (
        lambda x, r: F.triplet_margin_loss(x, target, other, margin=1.5, eps=0.0, reduction=r), scores, target),
}
result = {"torch": torch.__version__}
for name, (loss, prediction, goal) in cases.items():
    x = prediction.clone().requires_grad_()
    entry = {"prediction": numbers(prediction), "target": goal.tolist()}
    for reduction in ("mean", "sum", "none"):
        entry[reduction] = numbers(loss(x, reduction))
    loss(x, "mean").backward()
    entry["gradient"] = numbers(x.grad)
    result[name] = entry

# Losses of several operands: their value, and the gradient of each.
real, fake = wave([5], 2.0, 1.1), wave([4], 3.0, 0.7, 0.5)
anchor, positive, negatives = wave([3, 4], 1.0, 0.9), wave([3, 4], 1.0, 0.7, 0.4), wave([5, 4], 1.0, 1.3, 0.2)


def contrastive(a, p, n, temperature):
    a, p, n = (F.normalize(x, dim=1) for x in (a, p, n))
    scores = torch.cat([(a * p).sum(1, keepdim=True), a @ n.T], 1) / temperature
    return F.cross_entropy(scores, torch.zeros(len(a), dtype=torch.long))


def logits(x, answer):
    return F.binary_cross_entropy_with_logits(x, torch.full_like(x, answer))


def kl_of_normals(mean, log_variance):
    normal = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    return torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1)


several = {
    "contrastive": (lambda a, p, n: contrastive(a, p, n, 0.5), [anchor, positive, negatives]),
    "contrastiveCold": (lambda a, p, n: contrastive(a, p, n, 0.1), [anchor, positive, negatives]),
    "ntXentBoth": (lambda a, b: nt_xent(a, b, "mean", 0.5), [scores, other]),
    "tripletAll": (lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=5.0, eps=0.0), [scores, target, other]),
    "gaussianKlBoth": (lambda m, v: kl_of_normals(m, v).mean(), [scores, log_variance]),
    "gaussianNllAll": (
        lambda x, t, v: F.gaussian_nll_loss(x, t, v, full=True, reduction="none").sum(1).mean(),
        [scores, target, log_variance.exp()]),
    "elbo": (
        lambda x, m, v: (-(x - scores).square().sum(1) - 0.7 * kl_of_normals(m, v)).mean(), [target, other, log_variance]),
    "adversarialValue": (lambda r, f: -logits(r, 1.0) - logits(f, 0.0), [real, fake]),
    "adversarialDiscriminator": (lambda r, f: logits(r, 1.0) + logits(f, 0.0), [real, fake]),
    "adversarialGenerator": (lambda f: logits(f, 1.0), [fake]),
    "adversarialSaturatingGenerator": (lambda f: -logits(f, 0.0), [fake]),
    "l1Penalty": (lambda a, b: a.abs().sum() + b.abs().sum(), [scores, images]),
    "l2Penalty": (lambda a, b: 0.5 * (a.square().sum() + b.square().sum()), [scores, images]),
    "multiTask": (lambda x, p: 0.3 * F.mse_loss(x, target) + 2 * F.binary_cross_entropy(p, goals.double()), [scores, shares]),
    "multiTaskAlike": (lambda x, p: F.mse_loss(x, target) + F.binary_cross_entropy(p, goals.double()), [scores, shares]),
}
# Of no samples: the sum, and the gradient's shape, are PyTorch's; its mean is NaN, nnlab's an error.
none = torch.zeros(0, 3)
no_labels = torch.zeros(0, dtype=torch.long)
empty = {
    "crossEntropy": lambda x, r: F.cross_entropy(x, no_labels, reduction=r),
    "nll": lambda x, r: F.nll_loss(x, no_labels, reduction=r),
    "bce": lambda x, r: F.binary_cross_entropy(x, none, reduction=r),
    "bceWithLogits": lambda x, r: F.binary_cross_entropy_with_logits(x, none, reduction=r),
    "mse": lambda x, r: F.mse_loss(x, none, reduction=r),
    "mae": lambda x, r: F.l1_loss(x, none, reduction=r),
    "triplet": lambda x, r: F.triplet_margin_loss(x, none, none, reduction=r),
}
result["empty"] = {}
for name, loss in empty.items():
    x = none.clone().requires_grad_()
    assert loss(x, "mean").isnan()
    loss(x, "sum").backward()
    result["empty"][name] = {
        "sum": loss(x, "sum").item(), "none": list(loss(x, "none").shape), "gradient": list(x.grad.shape)}
result["several"] = {}
for name, (loss, operands) in several.items():
    leaves = [operand.double().requires_grad_() for operand in operands]
    value = loss(*leaves)
    value.backward()
    result["several"][name] = {
        "operands": [numbers(operand) for operand in operands],
        "value": value.item(),
        "gradients": [numbers(leaf.grad) for leaf in leaves],
    }
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
