/** The part of ONNX's messages that models need, and their bytes. Field numbers are those
 * of onnx.proto: github.com/onnx/onnx. The protobuf package is loaded when used. */
import type { DType, TypedArray } from "../backend/backend.ts";
import type { Shape } from "../shapes.ts";

/** A number, whole numbers, or a fraction, as an operator takes them. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] };

/** One operator, from named values to one named value. */
export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** What ONNX calls the kinds of numbers: ours, and the 64 bits it wants for sizes and axes. */
export type OnnxKind = DType | "int64";

/** Numbers that belong to the model: a parameter, a constant. */
export interface OnnxConstant {
  readonly name: string;
  readonly kind: OnnxKind;
  readonly shape: Shape;
  readonly values: TypedArray | BigInt64Array;
}

/** What goes in or comes out; a size may be a name, or null where it is not known before. */
export interface OnnxValue {
  readonly name: string;
  readonly kind: OnnxKind;
  readonly shape: readonly (number | string | null)[];
}

/** A model: operators in an order in which they can run. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The operators' edition, and the oldest format of files that knows it. */
export const opset = 17;
const formatVersion = 8;

const kinds: Readonly<Record<OnnxKind, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 };

/** The bytes of an ONNX file. The library that writes protobuf is loaded here, not with the engine. */
export async function encodeOnnx(graph: OnnxGraph): Promise<Uint8Array> {
  const { BinaryWriter, WireType } = await import("@bufbuild/protobuf/wire");
  type Writer = InstanceType<typeof BinaryWriter>;
  type Write = (writer: Writer) => void;

  const text =
    (field: number, value: string): Write =>
    (w) =>
      w.tag(field, WireType.LengthDelimited).string(value);
  const whole =
    (field: number, value: number): Write =>
    (w) =>
      w.tag(field, WireType.Varint).int64(value);
  const fraction =
    (field: number, value: number): Write =>
    (w) =>
      w.tag(field, WireType.Bit32).float(value);
  const bytes =
    (field: number, value: Uint8Array): Write =>
    (w) =>
      w.tag(field, WireType.LengthDelimited).bytes(value);
  const message =
    (field: number, ...parts: readonly Write[]): Write =>
    (w) => {
      w.tag(field, WireType.LengthDelimited).fork();
      for (const part of parts) part(w);
      w.join();
    };

  const attribute = (name: string, value: OnnxAttribute): Write => {
    if ("int" in value) return message(5, text(1, name), whole(3, value.int), whole(20, 2));
    if ("float" in value) return message(5, text(1, name), fraction(2, value.float), whole(20, 1));
    return message(5, text(1, name), ...value.ints.map((int) => whole(8, int)), whole(20, 7));
  };
  const node = ({ name, operator, inputs, output, attributes }: OnnxNode): Write =>
    message(
      1,
      ...inputs.map((input) => text(1, input)),
      text(2, output),
      text(3, name),
      text(4, operator),
      ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    );
  const constant = ({ name, kind, shape, values }: OnnxConstant): Write =>
    message(
      5,
      ...shape.map((size) => whole(1, size)),
      whole(2, kinds[kind]),
      text(8, name),
      bytes(9, littleEndian(values)),
    );
  const dimension = (size: number | string | null): Write =>
    message(1, ...(size === null ? [] : [typeof size === "number" ? whole(1, size) : text(2, size)]));
  const value = (field: number, { name, kind, shape }: OnnxValue): Write =>
    message(
      field,
      text(1, name),
      message(2, message(1, whole(1, kinds[kind]), message(2, ...shape.map(dimension)))),
    );

  const writer = new BinaryWriter();
  whole(1, formatVersion)(writer);
  text(2, "nnlab")(writer);
  message(
    7,
    ...graph.nodes.map(node),
    text(2, graph.name),
    ...graph.constants.map(constant),
    ...graph.inputs.map((input) => value(11, input)),
    ...graph.outputs.map((output) => value(12, output)),
  )(writer);
  message(8, text(1, ""), whole(2, opset))(writer);
  return writer.finish();
}

/** The numbers' bytes in the order that ONNX fixes. */
function littleEndian(values: TypedArray | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1)
    for (let i = 0; i < bytes.length; i += values.BYTES_PER_ELEMENT)
      bytes.subarray(i, i + values.BYTES_PER_ELEMENT).reverse();
  return bytes;
}
