"""Values and gradients from PyTorch for shifting, padding, triangles and diagonals.

Run: python arrangement.py > arrangement.json   (torch 2.13.0, CPU)
"""
import torch
import torch.nn.functional as F
from cases import case, finish

torch.manual_seed(11)
r = torch.randn

case("roll", [r(2, 3)], [1], lambda x: x.roll(1), "as one long row")
case("roll", [r(2, 3, 4)], [[1, -2], [1, 2]], lambda x: x.roll((1, -2), (1, 2)))
case("roll", [r(3, 4)], [-9, 0], lambda x: x.roll(-9, 0), "more than once around")
case("roll", [r(2, 5)], [[1, 1], [1, 1]], lambda x: x.roll((1, 1), (1, 1)), "twice along one dimension")
case("repeat", [r(2, 3)], [[2, 1, 3]], lambda x: x.repeat(2, 1, 3))

for mode in ("reflect", "replicate", "circular"):
    case("pad", [r(1, 2, 4, 5)], [[[2, 1], [3, 0]], mode], lambda x, m=mode: F.pad(x, (3, 0, 2, 1), m), mode)
    case("pad", [r(1, 1, 3, 2, 4)], [[[1, 2], [1, 1], [0, 3]], mode], lambda x, m=mode: F.pad(x, (0, 3, 1, 1, 1, 2), m), f"{mode}, three dimensions")

for k in (-4, -1, 0, 2):
    case("tril", [r(2, 3, 4)], [k], lambda x, k=k: x.tril(k))
    case("triu", [r(2, 3, 4)], [k], lambda x, k=k: x.triu(k))
    case("diag", [r(3)], [k], lambda x, k=k: x.diag(k), "of a vector")
    case("diag", [r(3, 5)], [k], lambda x, k=k: x.diag(k), "of a wide matrix")
    case("diag", [r(5, 3)], [k], lambda x, k=k: x.diag(k), "of a tall matrix")
case("trace", [r(3, 5)], [], torch.trace)

finish()
