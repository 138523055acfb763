/**
 * Frames to an animated PNG. No kept library writes them (upng-js, of 2017, needs three times as long for the same size); the
 * tests read ours back by fast-png.
 */
import { nearPalette } from "./palette.ts";
import { chunk, deflatedMeanwhile, filterRows, imageHeader, signature } from "./png.ts";

/** The result is shown for so many frames' time. */
const resultStays = 3;

/** A part of a frame as a PNG of its own, with its place in pixels. */
export interface Patch extends Box {
  png: Buffer;
}

/**
 * Encodes opaque frames of one size as an animation that repeats (APNG: PNG Third Edition, W3C 2025). It begins with the last
 * frame, the result: what viewers, printers and converters show that know no animations. Each further frame is the rectangle in
 * which it differs from the one before, with what did not change left transparent. `patches` are the first frame and, for each
 * further one, what to lay over those before.
 */
export async function encodeAnimation(
  frames: readonly Uint8Array[],
  width: number,
  height: number,
  secondsPerFrame: number,
): Promise<{ animation: Buffer; patches: Patch[] }> {
  const { indices, colours } = nearPalette(frames, width, 255);
  const clear = colours.length / 3;
  const planes = frames.map((_, i) => indices.subarray(i * width * height, (i + 1) * width * height));
  const palette = chunk("PLTE", Buffer.from([...colours, 0, 0, 0]));
  const transparency = chunk("tRNS", Buffer.alloc(clear + 1, 255).fill(0, clear));
  const end = chunk("IEND", Buffer.alloc(0));
  const packed = async (box: Box, pixels: Uint8Array): Promise<Packed> => ({
    box,
    bytes: await deflatedMeanwhile(filterRows(pixels, box.width, box.height, 1), 6),
  });
  const whole = (plane: Uint8Array) => packed({ x: 0, y: 0, width, height }, plane);
  const change = (before: Uint8Array, plane: Uint8Array) => {
    const box = changedBox(before, plane, width, height);
    return packed(box, changes(before, plane, width, box, clear));
  };
  const [first, last] = [planes[0]!, planes.at(-1)!];
  const [begin, result, again, ...further] = await Promise.all([
    ...[whole(first), whole(last), change(last, first)],
    ...planes.slice(1).map((plane, i) => change(planes[i]!, plane)),
  ]);

  const count = Buffer.alloc(8);
  count.writeUInt32BE(frames.length, 0);
  const header = chunk("IHDR", imageHeader(width, height, 3));
  const parts = [signature, header, chunk("acTL", count), palette, transparency];
  const milliseconds = Math.round(secondsPerFrame * 1000);
  parts.push(chunk("fcTL", frameControl(0, result!.box, resultStays * milliseconds)));
  parts.push(chunk("IDAT", result!.bytes));
  let sequence = 1;
  const others = planes.length === 1 ? [] : [again!, ...further.slice(0, -1)];
  for (const { box, bytes } of others) {
    parts.push(chunk("fcTL", frameControl(sequence++, box, milliseconds)));
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence++);
    parts.push(chunk("fdAT", Buffer.concat([number, bytes])));
  }
  const patches = [begin!, ...further].map(({ box, bytes }): Patch => {
    const size = chunk("IHDR", imageHeader(box.width, box.height, 3));
    return {
      ...box,
      png: Buffer.concat([signature, size, palette, transparency, chunk("IDAT", bytes), end]),
    };
  });
  return { animation: Buffer.concat([...parts, end]), patches };
}

interface Packed {
  box: Box;
  bytes: Buffer;
}

/** Where a frame lies, how long it stays, and that its transparent pixels leave what was there. */
function frameControl(sequence: number, box: Box, milliseconds: number): Buffer {
  const control = Buffer.alloc(26);
  for (const [i, value] of [sequence, box.width, box.height, box.x, box.y].entries())
    control.writeUInt32BE(value, 4 * i);
  control.writeUInt16BE(milliseconds, 20);
  control.writeUInt16BE(1000, 22);
  control[25] = 1;
  return control;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * The smallest rectangle outside of which two planes are equal; one square where they are equal everywhere. Its corners are even, and
 * what changes in it are squares of 2 × 2 pixels: at half the size, which is how pictures are shown, each square is one pixel, and
 * none is mixed of old and new.
 */
function changedBox(before: Uint8Array, after: Uint8Array, width: number, height: number): Box {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    const start = y * width;
    if (sameRow(before, after, start, start + width)) continue;
    let from = 0;
    while (before[start + from] === after[start + from]) from++;
    let to = width - 1;
    while (before[start + to] === after[start + to]) to--;
    left = Math.min(left, from);
    right = Math.max(right, to);
    top = Math.min(top, y);
    bottom = y;
  }
  if (bottom < 0) [left, right, top, bottom] = [0, 0, 0, 0];
  const [x, y] = [left & ~1, top & ~1];
  return {
    x,
    y,
    width: Math.min(width, (right | 1) + 1) - x,
    height: Math.min(height, (bottom | 1) + 1) - y,
  };
}

const sameRow = (a: Uint8Array, b: Uint8Array, start: number, end: number): boolean =>
  Buffer.compare(a.subarray(start, end), b.subarray(start, end)) === 0;

/** The pixels of a frame's rectangle, transparent where no pixel of a square changes. */
function changes(before: Uint8Array, after: Uint8Array, width: number, box: Box, clear: number): Uint8Array {
  const pixels = new Uint8Array(box.width * box.height).fill(clear);
  for (let y = 0; y < box.height; y += 2) {
    const rows = Math.min(2, box.height - y);
    const start = (box.y + y) * width + box.x;
    const changed = (from: number) => !sameRow(before, after, from, from + box.width);
    if (!changed(start) && !(rows === 2 && changed(start + width))) continue;
    for (let x = 0; x < box.width; x += 2) {
      const columns = Math.min(2, box.width - x);
      let isChanged = false;
      for (let k = 0; k < rows * columns; k++) {
        const at = start + (k >> (columns - 1)) * width + x + (columns === 2 ? k & 1 : 0);
        if (before[at] !== after[at]) isChanged = true;
      }
      if (!isChanged) continue;
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          pixels[(y + row) * box.width + x + column] = after[start + row * width + x + column]!;
    }
  }
  return pixels;
}
