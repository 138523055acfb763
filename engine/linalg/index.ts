/**
 * Systems of equations, and matrices taken apart. Names and gradients as in torch.linalg.
 *
 * @module
 */

export { type Eigendecomposition, eigh } from "./eigh.ts";
export { cholesky, type Orthogonalization, qr, type SingularValues, svd } from "./factorizations.ts";
export { det, inv, solve } from "./systems.ts";
