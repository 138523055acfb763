"""Makes matrices.json: PyTorch's solutions, inverses, determinants and factorizations, with gradients.

Of singular vectors the squares are compared: their signs are free. Run: python matrices.py > matrices.json   (torch 2.13.0, CPU)
"""
import torch
from cases import case, finish

torch.manual_seed(29)
torch.set_num_threads(1)
r = torch.randn
L = torch.linalg

case("solve", [r(3, 3), r(3)], [], L.solve, "a vector")
case("solve", [r(4, 4), r(4, 2)], [], L.solve)
case("solve", [r(2, 1, 3, 3), r(2, 3, 2)], [], L.solve, "batches broadcast")
case("solve", [torch.tensor([[0., 1., 2.], [1., 0., 3.], [4., -3., 8.]]), r(3)], [], L.solve, "a zero on the diagonal")
case("inv", [r(3, 3)], [], L.inv)
case("inv", [r(2, 2, 2)], [], L.inv, "a batch")
case("det", [r(1, 1)], [], L.det)
case("det", [r(4, 4)], [], L.det)
case("det", [r(3, 2, 2)], [], L.det, "a batch")
for shape in [(3, 3), (2, 4, 4)]:
    a = r(*shape)
    case("cholesky", [a @ a.mT + torch.eye(shape[-1])], [], lambda x: L.cholesky((x + x.mT) / 2))
for shape in [(3, 3), (5, 3), (2, 4, 2), (2, 4)]:
    case("orthonormal", [r(*shape)], [], lambda x: L.qr(x).Q)
    case("triangular", [r(*shape)], [], lambda x: L.qr(x).R)
for shape in [(3, 3), (5, 3), (3, 4), (2, 4, 2)]:
    case("singularValues", [r(*shape)], [], L.svdvals)
    case("leftVectorsSquared", [r(*shape)], [], lambda x: L.svd(x, full_matrices=False).U.square())
    case("rightVectorsSquared", [r(*shape)], [], lambda x: L.svd(x, full_matrices=False).Vh.square())

finish()
