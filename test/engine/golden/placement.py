"""Values and gradients from PyTorch for putting values at positions and under masks, and for counting.

Run: python placement.py > placement.json   (torch 2.13.0, CPU)
"""
import torch
from cases import case, finish

torch.manual_seed(17)
r = torch.randn
once = torch.tensor([[2, 0], [1, 3], [0, 2]])
often = torch.tensor([[1, 1, 3], [0, 0, 0], [2, 1, 2]])

case("scatter", [r(3, 4), once, r(3, 2)], [1], lambda x, i, s: x.scatter(1, i, s))
case("scatter", [r(4, 5), torch.tensor([[3, 1, 0]]), r(1, 3)], [0], lambda x, i, s: x.scatter(0, i, s), "shorter indices")
case("scatterAdd", [r(3, 4), often, r(3, 3)], [1], lambda x, i, s: x.scatter_add(1, i, s), "repeated positions")
case("scatterAdd", [r(4, 5), often, r(3, 3)], [0], lambda x, i, s: x.scatter_add(0, i, s), "repeated positions along dim 0")
case("sliceScatter", [r(4, 5), r(4, 2)], [[None, [1, 5, 2]]], lambda x, s: x.slice_scatter(s, 1, 1, 5, 2))
case("sliceScatter", [r(4, 5), r(5)], [[1]], lambda x, s: x.select_scatter(s, 0, 1), "one row")

values = torch.tensor([0., 0.5, 1., 1.5, 2., -1., 3., 2.999])
case("histc", [values], [4], lambda x: x.detach().histc(4), "between the data's bounds")
case("histc", [values], [3, {"min": 0, "max": 2}], lambda x: x.detach().histc(3, 0, 2), "values outside are not counted")
case("histc", [torch.full((5,), 2.5)], [4], lambda x: x.detach().histc(4), "all equal")
labels = torch.tensor([3, 0, 3, 1, 3])
case("bincount", [labels], [{"minLength": 6}], lambda x: torch.bincount(x, minlength=6))
case("oneHot", [labels], [5], lambda x: torch.nn.functional.one_hot(x, 5))

finish()
