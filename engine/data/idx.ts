/**
 * The IDX format of MNIST (LeCun, Cortes & Burges 1998): two zero bytes, a byte for the type of the elements, a byte for
 * the number of dimensions, each size as a big-endian 32-bit number, then the elements. Knows bytes, not where they come from.
 */

import { DataError } from "./errors.ts";

export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const unsignedByte = 0x08;

const elementTypes: Record<number, string> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

const contents: Record<number, string> = { 1: "labels", 3: "images" };

/**
 * Reads an IDX file of unsigned bytes with `dimensions` dimensions: 3 for images `[N, H, W]`, 1 for labels `[N]`.
 * `file` names it in errors. The values share the memory of `bytes`.
 */
export function readIdx(bytes: Uint8Array, dimensions: 1 | 3, file: string): IdxArray {
  const expected = `an IDX file of ${contents[dimensions]} (it begins with 00 00 08 0${dimensions})`;
  const headerLength = 4 + 4 * dimensions;
  if (bytes.length < 4)
    throw new DataError(`${file}: expected ${expected}, found ${bytes.length} bytes in all`);
  if (bytes[0] !== 0 || bytes[1] !== 0)
    throw new DataError(`${file}: expected ${expected}, found ${opening(bytes)}`);
  if (bytes[2] !== unsignedByte)
    throw new DataError(
      `${file}: expected ${expected}, found ${hexadecimal(bytes)}: ${elementTypes[bytes[2]!] ?? "elements of an unknown type"}`,
    );
  if (bytes[3] !== dimensions) {
    const found = contents[bytes[3]!];
    throw new DataError(
      `${file}: expected ${expected}, found ${hexadecimal(bytes)}: ${
        found === undefined
          ? `an array of ${bytes[3]} dimensions`
          : `an IDX file of ${found}; were the images and the labels exchanged?`
      }`,
    );
  }
  if (bytes.length < headerLength)
    throw new DataError(
      `${file}: truncated: expected a header of ${headerLength} bytes, found ${bytes.length} bytes in all`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const size = shape.reduce((product, length) => product * length, 1);
  const found = bytes.length - headerLength;
  if (found !== size)
    throw new DataError(
      `${file}: ${found < size ? "truncated" : "too long"}: its header promises ${shape.join(" × ")} = ${size} bytes, found ${found}`,
    );
  return { shape, values: bytes.subarray(headerLength) };
}

/** `00 00 08 01`. */
function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function opening(bytes: Uint8Array): string {
  if (/^\s*</.test(String.fromCharCode(...bytes.subarray(0, 16))))
    return "text that begins with <: probably a web page saved in its place";
  return `${hexadecimal(bytes)}, which is no IDX file`;
}
