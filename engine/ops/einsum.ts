/** Sums of products, written by naming the axes. */
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkFloat, checkSameDType, checkTensor, defineOp, type Op } from "../op.ts";
import { describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { expand, permute, reshape } from "./movement.ts";
import { diagonalOf } from "./rearrange.ts";
import { sum } from "./reduction.ts";

/** A tensor whose axes have names. */
interface Named {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * The sum of products that the equation describes: a letter per axis of each operand; equal letters run together, letters
 * missing on the right of `->` are summed. Without `->` the result has the letters that occur once, in alphabetical order.
 * `...` stands for the remaining axes, which broadcast. Pairs of operands are multiplied from left to right, by matmul.
 * Throws a ShapeError when an operand has other axes than its letters, or one letter two sizes, an ArgumentError for an
 * equation that cannot be read, a DTypeError for int32 and bool.
 *
 * @example
 * einsum("ij,jk->ik", a, b)                // matrix product
 * einsum("bij,bjk->bik", a, b)             // of each in a batch
 * einsum("nchw,ndhw->ncd", maps, maps)     // Gram matrices of feature maps
 * einsum("ii->", a)                        // trace;  "ij->ji" transposes, "ij->j" sums columns, "i,j->ij" is outer
 */
export const einsum: Op<[equation: string, ...operands: Tensor[]]> = defineOp<
  [equation: string, ...operands: Tensor[]]
>(
  {
    name: "einsum",
    formula:
      "y[output letters] = Σ over the other letters of Π operands;  ∂L/∂operand likewise, with ∂L/∂y in its place",
    samples: (make) => [
      ["ij,jk->ik", make.normal(2, 3), make.normal(3, 4)],
      ["bij,bjk->bik", make.normal(2, 2, 3), make.normal(2, 3, 2)],
      ["ij->ji", make.normal(2, 3)],
      ["ij->", make.normal(2, 3)],
      ["ij->j", make.normal(2, 3)],
      ["ii", make.normal(3, 3)],
      ["ii->i", make.normal(3, 3)],
      ["biib->bi", make.normal(2, 3, 3, 2)],
      ["i,j->ij", make.normal(2), make.normal(3)],
      ["i,i->i", make.normal(3), make.normal(3)],
      ["i,i", make.normal(3), make.normal(3)],
      ["ab,cd->dbca", make.normal(2, 2), make.normal(1, 3)],
      ["ij,kl->", make.normal(2, 2), make.normal(1, 3)],
      ["nchw,ndhw->ncd", make.normal(2, 2, 2, 3), make.normal(2, 3, 2, 3)],
      ["bn,anm,bm->ba", make.normal(2, 3), make.normal(2, 3, 2), make.normal(2, 2)],
      ["...ij,...jk->...ik", make.normal(2, 1, 2, 2), make.normal(3, 2, 2)],
      ["...i,i->...", make.normal(2, 2, 3), make.normal(3)],
      ["j i, k j", make.normal(2, 3), make.normal(2, 2)],
      [",i->i", make.normal(), make.normal(3)],
      ["ij,jk->ik", make.normal(2, 1), make.normal(3, 2)],
    ],
    mistakes: (make) => [
      [
        ["ij,jk->ik", make.normal(2, 3), make.normal(4, 5)],
        /einsum: the letter j is 3 in operand 0 \[2, 3\] and 4 in operand 1 \[4, 5\]/,
      ],
      [["ij->i", make.normal(2)], /einsum: operand 0 is \[2\], "ij" names 2 axes/],
      [["...ij", make.normal(2)], /einsum: operand 0 is \[2\], "\.\.\.ij" names at least 2 axes/],
      [["ij,jk->ik", make.normal(2, 3)], /einsum: the equation "ij,jk->ik" is for 2 operands, got 1/],
      [["ij->ik", make.normal(2, 3)], /einsum: the letter k of the result occurs in no operand/],
      [["ij->ii", make.normal(2, 3)], /einsum: the letter i occurs twice in the result/],
      [["i1->i", make.normal(2, 3)], /einsum: .* letters a–z and A–Z.* got "1" in "i1->i"/],
      [["ij->i->", make.normal(2, 3)], /einsum: the equation "ij->i->" has more than one "->"/],
      [[make.normal(2), "i"], /einsum: the equation comes first, such as "ij,jk->ik"/],
      [["i", [1, 2]], /einsum: expected a tensor as operand 0, got an array of 2/],
      [["i,i", make.labels(3, 2), make.labels(3, 2)], /einsum: works on float numbers, got int32/],
    ],
  },
  (equation, ...operands) => {
    if (typeof equation !== "string")
      throw new ArgumentError(
        `einsum: the equation comes first, such as "ij,jk->ik", then the operands; got ${describeValue(equation)}`,
      );
    operands.forEach((operand, i) => {
      checkTensor("einsum", operand, `operand ${i}`);
      checkFloat("einsum", operand);
      checkSameDType("einsum", operands[0]!, operand);
    });
    const { inputs, output } = parse(equation, operands);
    const sizes = commonSizes(inputs, operands);
    const named = operands.map((operand, i) => withoutRepeats(operand, inputs[i]!, sizes));
    let result = named[0]!;
    for (let i = 1; i < named.length; i++)
      result = contract(
        result,
        named[i]!,
        new Set([...output, ...named.slice(i + 1).flatMap((x) => x.labels)]),
      );
    return arrange(sumOut(result, new Set(output)), output);
  },
);

// ── Reading the equation ─────────────────────────────────────────────────────────────────────────────────────────────

function parse(equation: string, operands: readonly Tensor[]): Equation {
  const sides = equation.replace(/\s/g, "").split("->");
  if (sides.length > 2) throw new ArgumentError(`einsum: the equation "${equation}" has more than one "->"`);
  const terms = sides[0]!.split(",");
  if (terms.length !== operands.length)
    throw new ArgumentError(
      `einsum: the equation "${equation}" is for ${terms.length} operand${terms.length === 1 ? "" : "s"}, got ${operands.length}`,
    );
  const inputs = terms.map((term, i) => labelsOf(term, equation, operands[i]!, i));
  const rest = inputs
    .map((labels) => labels.filter((label) => label.startsWith(".")))
    .reduce((longest, labels) => (labels.length > longest.length ? labels : longest), []);
  const right = sides[1];
  if (right === undefined) {
    const letters = inputs.flat().filter((label) => !label.startsWith("."));
    const single = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
    return { inputs, output: [...rest, ...single.sort()] };
  }
  const [before, after] = lettersOf(right, equation);
  const output = after === null ? before : [...before, ...rest, ...after];
  for (const label of output) {
    if (!inputs.some((labels) => labels.includes(label)))
      throw new ArgumentError(
        `einsum: the letter ${label} of the result occurs in no operand of "${equation}"`,
      );
    if (output.indexOf(label) !== output.lastIndexOf(label))
      throw new ArgumentError(`einsum: the letter ${label} occurs twice in the result of "${equation}"`);
  }
  return { inputs, output };
}

/** The letters before and after `...`; null after it where there is none. */
function lettersOf(term: string, equation: string): [string[], string[] | null] {
  const parts = term.split("...");
  for (const part of parts) {
    const wrong = part.match(/[^a-zA-Z]/);
    if (parts.length > 2 || wrong !== null)
      throw new ArgumentError(
        `einsum: an axis is named by one of the letters a–z and A–Z, the remaining ones by one "..."; got "${wrong?.[0] ?? term}" in "${equation}"`,
      );
  }
  return [Array.from(parts[0]!), parts[1] === undefined ? null : Array.from(parts[1])];
}

/** A name per axis of the operand; the axes behind `...` are called `.1`, `.2`, … from the right. */
function labelsOf(term: string, equation: string, operand: Tensor, position: number): string[] {
  const [before, after] = lettersOf(term, equation);
  const named = before.length + (after?.length ?? 0);
  if (after === null ? operand.ndim !== named : operand.ndim < named)
    throw new ShapeError(
      `einsum: operand ${position} is ${describeShape(operand.shape)}, "${term}" names ${after === null ? "" : "at least "}${named} ax${named === 1 ? "is" : "es"}`,
    );
  if (after === null) return before;
  const rest = Array.from({ length: operand.ndim - named }, (_label, i) => `.${operand.ndim - named - i}`);
  return [...before, ...rest, ...after];
}

/** The size of each letter; size 1 repeats, as in broadcasting. */
function commonSizes(
  inputs: readonly (readonly string[])[],
  operands: readonly Tensor[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const owners = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, d) => {
      const size = operands[i]!.shape[d]!;
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        const first = owners.get(label)!;
        const name = label.startsWith(".") ? `an axis behind "..."` : `the letter ${label}`;
        throw new ShapeError(
          `einsum: ${name} is ${known} in operand ${first} ${describeShape(operands[first]!.shape)} and ${size} in operand ${i} ${describeShape(operands[i]!.shape)}`,
        );
      }
      if (!sizes.has(label) || known === 1) {
        sizes.set(label, size);
        owners.set(label, i);
      }
    });
  });
  return sizes;
}

// ── Computing ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Repeats axes of size 1 and takes diagonals, until every axis has its full size and a name of its own. */
function withoutRepeats(
  tensor: Tensor,
  labels: readonly string[],
  sizes: ReadonlyMap<string, number>,
): Named {
  const full = expand(
    tensor,
    labels.map((label) => sizes.get(label)!),
  );
  const twice = labels.find((label, d) => labels.indexOf(label) !== d);
  if (twice === undefined) return { tensor: full, labels };
  const [first, last] = [labels.indexOf(twice), labels.lastIndexOf(twice)];
  const rest = labels.filter((_label, d) => d !== first && d !== last);
  return withoutRepeats(diagonalOf(full, 0, first, last), [...rest, twice], sizes);
}

/** Sums over the axes that nobody needs. */
function sumOut({ tensor, labels }: Named, needed: ReadonlySet<string>): Named {
  const dims = labels.flatMap((label, d) => (needed.has(label) ? [] : [d]));
  if (dims.length === 0) return { tensor, labels };
  return { tensor: sum(tensor, dims), labels: labels.filter((label) => needed.has(label)) };
}

/** The axes in the order of `labels`. */
function arrange({ tensor, labels }: Named, order: readonly string[]): Tensor {
  return permute(
    tensor,
    order.map((label) => labels.indexOf(label)),
  );
}

/** The product of two operands, summed over what only they have: one batched matrix product. */
function contract(a: Named, b: Named, needed: ReadonlySet<string>): Named {
  const left = sumOut(a, new Set([...needed, ...b.labels]));
  const right = sumOut(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const summed = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const size = (labels: readonly string[], x: Named) =>
    labels.map((label) => x.tensor.shape[x.labels.indexOf(label)]!);
  const [batchSize, rowSize, columnSize] = [size(batch, left), size(rows, left), size(columns, right)];
  const [b0, m, k, n] = [batchSize, rowSize, size(summed, left), columnSize].map(sizeOf) as [
    number,
    number,
    number,
    number,
  ];
  const tensor =
    summed.length === 0
      ? mul(
          reshape(arrange(left, [...batch, ...rows]), [b0, m, 1]),
          reshape(arrange(right, [...batch, ...columns]), [b0, 1, n]),
        )
      : matmul(
          reshape(arrange(left, [...batch, ...rows, ...summed]), [b0, m, k]),
          reshape(arrange(right, [...batch, ...summed, ...columns]), [b0, k, n]),
        );
  return {
    tensor: reshape(tensor, [...batchSize, ...rowSize, ...columnSize]),
    labels: [...batch, ...rows, ...columns],
  };
}
