"""Values and gradients from PyTorch for sums of products by named axes, sorting, running sums and eigenvectors.

Run: python sequences.py > sequences.json   (torch 2.13.0, CPU)
"""
import torch
from cases import case, finish

torch.manual_seed(13)
r = torch.randn

for equation, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("cb,ba", (4, 2), (2, 3)),
    ("bij,bjk->bik", (3, 2, 4), (3, 4, 2)),
    ("bi,bj,ij->b", (2, 3), (2, 4), (3, 4)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ("nchw,ndhw->ncd", (2, 3, 2, 4), (2, 3, 2, 4)),
    ("ii", (4, 4)),
    ("ii->i", (4, 4)),
    ("bii->b", (2, 3, 3)),
    ("ijk->kj", (2, 3, 4)),
    ("i,j->ij", (3,), (4,)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    ("...a,ab", (2, 3, 4), (4, 5)),
    ("i...,j...->ij...", (2, 3), (4, 3)),
    ("ij,ij->", (3, 4), (1, 4)),
]:
    case("einsum", [r(*shape) for shape in shapes], [equation], lambda *o, e=equation: torch.einsum(e, *o), equation)

case("cumsum", [r(3, 4, 2)], [1], lambda x: x.cumsum(1))
case("sort", [r(3, 5)], [0], lambda x: x.sort(0).values)
case("sort", [r(3, 5)], [-1, {"descending": True}], lambda x: x.sort(-1, descending=True).values)
case("topk", [r(3, 5)], [2], lambda x: x.topk(2).values)
case("topk", [r(4, 3)], [3, 0, {"largest": False}], lambda x: x.topk(3, 0, largest=False).values)
ties = torch.tensor([2, 0, 2, 1, 0, 1, 2]).reshape(1, 7).repeat(2, 1)
case("argsort", [ties], [1], lambda x: torch.argsort(x, dim=1, stable=True), "ties keep their order")
case("argsort", [ties], [1, {"descending": True}], lambda x: torch.argsort(x, dim=1, descending=True, stable=True), "ties, descending")

for n in (2, 5):
    case("eigenvalues", [r(n, n)], [], lambda x: torch.linalg.eigh(x + x.T).eigenvalues)
    case("eigenvectorsSquared", [r(n, n)], [], lambda x: torch.linalg.eigh(x + x.T).eigenvectors.square())

case("norm", [torch.tensor([[0., 0., 0.], [0., 3., -4.]])], [1], lambda x: torch.linalg.vector_norm(x, dim=1), "of zeros")
case("norm", [torch.tensor([[0., 0., 0.], [0., 3., -4.]])], [1, {"p": 3}], lambda x: torch.linalg.vector_norm(x, 3, dim=1), "of zeros, p = 3")
case("norm", [torch.tensor([[0., 0., 0.], [0., 4., -4.]])], [1, {"p": 1}], lambda x: torch.linalg.vector_norm(x, 1, dim=1), "of zeros, p = 1")
case("prod", [torch.tensor([[0., 2.], [0., 0.]])], [None], lambda x: x.prod(), "zeros everywhere")

finish()
