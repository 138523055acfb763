// Models as ONNX: the graph of a run in evaluation mode, one operator after another.

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { recordEverything } from "../gradmode.ts";
import { operandsFirst } from "../graph.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { type AnyModule, requireModule } from "../nn/module.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import type { GraphNode } from "../op.ts";
import { describePlace, pathFinder } from "../place.ts";
import { describeShape, sameShape, sizeOf } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import {
  encodeOnnx,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
} from "./onnxFormat.ts";
import { broadcasting, type Call, type Operation, operators, savedOperands } from "./onnxOperators.ts";

/** A run of the model: what went in, what came out by name, and everything between, operands first. */
interface Run {
  readonly input: Tensor;
  readonly outputs: readonly (readonly [name: string, value: Tensor])[];
  readonly tensors: readonly Tensor[];
}

function runOn(model: AnyModule, example: Tensor): Run {
  const input = example.detach().clone().keep();
  if (input.dtype === "float32" || input.dtype === "float64") input.requiresGrad = true;
  const call = model as unknown as (input: Tensor) => unknown;
  const made = inEvaluation(model, () => recordEverything(() => call(input)));
  const outputs = outputsOf(made, "");
  return { input, outputs, tensors: operandsFirst(outputs.map(([, value]) => value)) };
}

/** The tensors in what a model gives: one, an array, or an object of them. */
function outputsOf(made: unknown, name: string): [string, Tensor][] {
  if (made instanceof Tensor) return [[name || "output", made]];
  if (Array.isArray(made)) return made.flatMap((part, i) => outputsOf(part, `${name || "output"}.${i}`));
  if (typeof made === "object" && made !== null)
    return Object.entries(made).flatMap(([key, part]) => outputsOf(part, name ? `${name}.${key}` : key));
  return [];
}

/** One more sample than the example has, and other numbers: what differs between both runs depends on them. */
function anotherBatch(example: Tensor): Tensor {
  const [count, ...rest] = example.shape as [number, ...number[]];
  const one = sizeOf(rest);
  const values = example.toTypedArray();
  const whole = example.dtype === "int32" || example.dtype === "bool";
  const more = Array.from({ length: (count + 1) * one }, (_, i) =>
    whole
      ? values[(values.length - 1 - (i % values.length)) % values.length]!
      : values[i % values.length]! + Math.sin(i + 1),
  );
  return tensor(more, { shape: [count + 1, ...rest], dtype: example.dtype });
}

function checkExample(example: unknown): Tensor {
  const given = requireTensor("toOnnx", "example", example);
  if (given.ndim === 0 || given.size === 0)
    throw new ShapeError(
      `toOnnx: the example is a batch of inputs, such as zeros([1, 1, 28, 28]); got ${describeShape(given.shape)}`,
    );
  return given;
}

/** Puts a run into ONNX's words. */
class Exporter {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  readonly #names = new Map<Tensor, string>();
  readonly #taken = new Set<string>();
  readonly #paths: ReadonlyMap<Tensor, string>;
  readonly #run: Run;
  readonly #other: Run;
  /** Of each tensor: the one in its place in the other run. */
  readonly #twins: ReadonlyMap<Tensor, Tensor>;
  readonly #pathOf = pathFinder();
  #batch: string | null = null;

  constructor(model: AnyModule, run: Run, other: Run) {
    this.#run = run;
    this.#other = other;
    this.#paths = new Map(
      [...model.namedBuffers(), ...model.namedParameters()].map(([path, own]) => [own, path]),
    );
    this.#twins = new Map(run.tensors.map((one, i) => [one, other.tensors[i]!]));
    for (const [name] of run.outputs) this.#taken.add(name);
    this.#names.set(run.input, this.#unique("input"));
  }

  export(name: string): OnnxGraph {
    const { input, outputs, tensors } = this.#run;
    for (const one of tensors) if (one.node !== null) this.#add(one, one.node);
    for (const [output, value] of outputs) {
      if (value.node === null && value !== input) this.#nameOf(value, null);
      if (this.#names.get(value) !== output)
        this.#put({ operator: "Identity", inputs: [this.#nameOf(value, null)] }, output, output);
    }
    return {
      name,
      nodes: this.nodes,
      constants: this.constants,
      inputs: [this.#value(this.#names.get(input)!, input, this.#other.input)],
      outputs: outputs.map(([output, value], i) => this.#value(output, value, this.#other.outputs[i]![1])),
    };
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#taken.has(name); i++) name = `${wanted}_${i}`;
    this.#taken.add(name);
    return name;
  }

  #isBatch(size: number, other: number): boolean {
    return size === this.#run.input.shape[0] && other === this.#other.input.shape[0];
  }

  #value(name: string, one: Tensor, other: Tensor): OnnxValue {
    const shape = one.shape.map((size, d) => {
      if (size === other.shape[d]) return size;
      return this.#isBatch(size, other.shape[d]!) ? "N" : null;
    });
    return { name, kind: one.dtype, shape };
  }

  #put({ operator, inputs, attributes = {} }: Operation, name: string, output: string): string {
    this.nodes.push({ name, operator, inputs, output, attributes });
    return output;
  }

  #add(result: Tensor, node: GraphNode): void {
    const { primitive, place } = node;
    const twin = this.#twins.get(result)!;
    const operator = operators.get(primitive.name);
    if (operator === undefined)
      throw refusal(
        node,
        "ONNX has no operator for it; write this step with other operations, or export the layers before it",
      );
    const path = place === null ? "" : this.#pathOf(place);
    const inside = (step: string) => this.#unique(path === "" ? step : `${path}/${step}`);
    const [wanted] = this.#run.outputs.find(([, value]) => value === result) ?? [];
    const operands = node.inputs.slice(0, node.inputs.length - (savedOperands.get(primitive.name) ?? 0));
    const call: Call = {
      options: node.options,
      otherOptions: twin.node!.options,
      inputs: operands.map((input) => this.#nameOf(input, node)),
      sizes: operands.map((input) => ({ shape: input.shape, other: this.#twins.get(input)!.shape })),
      kinds: operands.map((input) => input.dtype),
      output: { shape: result.shape, other: twin.shape },
      dtype: result.dtype,
      emit: (step, inputs, attributes) => {
        const name = inside(step);
        return this.#put({ operator: step, inputs, ...(attributes && { attributes }) }, name, name);
      },
      whole: (values, shape = [values.length]) =>
        this.#constant({
          name: inside("sizes"),
          kind: "int64",
          shape,
          values: BigInt64Array.from(values, BigInt),
        }),
      number: (value) =>
        this.#constant({
          name: inside("number"),
          kind: result.dtype,
          shape: [],
          values: result.dtype === "float64" ? Float64Array.of(value) : Float32Array.of(value),
        }),
      batch: () => {
        this.#batch ??= this.#put(
          {
            operator: "Shape",
            inputs: [this.#names.get(this.#run.input)!],
            attributes: { start: { int: 0 }, end: { int: 1 } },
          },
          this.#unique("N"),
          this.#unique("N"),
        );
        return this.#batch;
      },
      isBatch: (size, other) => this.#isBatch(size, other),
      refuse: (why) => {
        throw refusal(node, why);
      },
    };
    const operation = operator(call);
    const name = inside(primitive.name);
    this.#names.set(result, this.#put(operation, name, wanted ?? name));
  }

  #constant(constant: OnnxConstant): string {
    this.constants.push(constant);
    return constant.name;
  }

  /** What an operand is called; one that no operator made is a parameter or a constant. */
  #nameOf(one: Tensor, user: GraphNode | null): string {
    const known = this.#names.get(one);
    if (known !== undefined) return known;
    const twin = this.#twins.get(one)!;
    if (isViewOf(one, this.#run.input)) return this.#reshapedInput(one, twin);
    const constant = one === twin || sameNumbers(one, twin);
    if (!constant && !(user !== null && this.#isRepeated(one, twin, user))) {
      const where = user === null ? "an output" : `an operand of ${user.primitive.name}`;
      const layer = user === null || user.place === null ? "" : ` in ${describePlace(user.place)}`;
      throw new ArgumentError(
        `toOnnx: ${where}${layer} depends on the input, its batch size or chance, but its computation was not recorded; compute it with the engine's operations, not with item() or detach(), or export the part of the model without it`,
      );
    }
    const path = this.#paths.get(one);
    const name = this.#unique(path ?? one.label ?? "constant");
    this.#names.set(one, name);
    const values = one.toTypedArray();
    if (constant) return this.#constant({ name, kind: one.dtype, shape: one.shape, values });
    const [count, ...rest] = one.shape as [number, ...number[]];
    const first = values.slice(0, values.length / count);
    return this.#constant({ name, kind: one.dtype, shape: [1, ...rest], values: first });
  }

  /** The input in another shape: whole numbers are reshaped without a trace. */
  #reshapedInput(one: Tensor, twin: Tensor): string {
    const sizes = one.shape.map((size, d) => (size === twin.shape[d] ? size : -1));
    const shape = this.#constant({
      name: this.#unique("sizes"),
      kind: "int64",
      shape: [sizes.length],
      values: BigInt64Array.from(sizes, BigInt),
    });
    const name = this.#unique("input/reshape");
    this.#names.set(one, name);
    return this.#put({ operator: "Reshape", inputs: [this.#names.get(this.#run.input)!, shape] }, name, name);
  }

  /** Whether it is one sample's numbers again and again, beside an operand that has the batch: one sample's are enough. */
  #isRepeated(one: Tensor, twin: Tensor, { primitive, inputs }: GraphNode): boolean {
    const { name } = primitive;
    if (!broadcasting.has(name) || one.ndim < (name === "matmul" ? 3 : 1)) return false;
    if (!sameShape(one.shape.slice(1), twin.shape.slice(1))) return false;
    const beside = inputs.some(
      (input) =>
        input.ndim === one.ndim &&
        !isLeafOtherThan(input, this.#run.input) &&
        input.shape[0] === one.shape[0] &&
        this.#twins.get(input)!.shape[0] === twin.shape[0],
    );
    const size = sizeOf(one.shape.slice(1));
    const values = one.toTypedArray();
    const sample = (value: number, i: number) => Object.is(value, values[i % size]);
    return beside && values.every(sample) && twin.toTypedArray().every(sample);
  }
}

/** Whether both are the same memory from end to end. */
const isViewOf = (one: Tensor, input: Tensor): boolean =>
  one.size === input.size && one.holding.block !== null && one.holding.block === input.holding.block;

const isLeafOtherThan = (one: Tensor, input: Tensor): boolean => one.node === null && one !== input;

function refusal({ primitive, place }: GraphNode, why: string): ArgumentError {
  const where = place === null ? "" : ` in ${describePlace(place)}`;
  return new ArgumentError(`toOnnx: ${primitive.name}${where} cannot be written as ONNX: ${why}`);
}

function sameNumbers(one: Tensor, other: Tensor): boolean {
  if (!sameShape(one.shape, other.shape)) return false;
  const values = other.toTypedArray();
  return one.toTypedArray().every((value, i) => Object.is(value, values[i]));
}

/** The graph of the model, from two runs. */
function trace(model: AnyModule, example: Tensor): OnnxGraph {
  requireModule("toOnnx", "model", model);
  const given = checkExample(example);
  const run = runOn(model, given);
  if (run.outputs.length === 0)
    throw new ArgumentError(
      "toOnnx: the model gives no tensor; its forward must return one, an array or an object of them",
    );
  const wider = anotherBatch(given);
  let other: Run;
  try {
    other = runOn(model, wider);
  } catch (error) {
    throw new ArgumentError(
      `toOnnx: the model takes the example ${describeShape(given.shape)} but not ${describeShape(wider.shape)}, one sample more; take the number of samples from the input's shape in forward (${error instanceof Error ? error.message : describeValue(error)})`,
      { cause: error },
    );
  }
  const same =
    run.tensors.length === other.tensors.length &&
    run.tensors.every((one, i) => one.op === other.tensors[i]!.op && one.ndim === other.tensors[i]!.ndim);
  if (!same)
    throw new ArgumentError(
      "toOnnx: the model takes other steps for other inputs (an if or a loop in forward that depends on their numbers or their count); ONNX needs the same steps for all",
    );
  return new Exporter(model, run, other).export(model.constructor.name);
}

/**
 * The bytes of an ONNX file (opset 17) of a model in evaluation mode, for Netron and onnxruntime: one operator per recorded operation, named by
 * its layer's path, parameters by theirs (`c1.weight`). `example` is a batch `[N, …]` of the model's inputs; in the file N stays open,
 * the other sizes are the example's. The input is called `input`, an only output `output`, several by their keys (`output.0` in an array). The model
 * runs twice, with one sample more the second time, to find what depends on the batch. https://onnx.ai/onnx
 *
 * @throws ArgumentError for an operation that ONNX lacks, and for what depends on the input but leaves no trace: numbers taken out by
 * `item()`, and what is detached.
 * @example
 * const bytes = await exchange.toOnnx(models.leNet5(), zeros([1, 1, 28, 28]))
 */
export async function toOnnx(model: AnyModule, example: Tensor): Promise<Uint8Array> {
  return encodeOnnx(trace(model, example));
}

/**
 * Writes a model to an ONNX file as {@link toOnnx} makes it; the file appears when it is whole. Node only.
 *
 * @throws ArgumentError for a path that cannot be written.
 * @example
 * await exchange.saveOnnx("lenet.onnx", models.leNet5(), zeros([1, 1, 28, 28]))
 */
export async function saveOnnx(path: string, model: AnyModule, example: Tensor): Promise<void> {
  const { checkPath, writeParts } = await import("./nodeWeightFiles.ts");
  checkPath("saveOnnx", path);
  await writeParts("saveOnnx", path, [await toOnnx(model, example)]);
}
