/**
 * Frames to an animated PNG. No kept library writes them (upng-js, of 2017, needs three times as long for the same size); the
 * tests read ours back by fast-png.
 */
import { nearPalette } from "./palette.ts";
import { chunk, deflated, filterRows, imageHeader, signature } from "./png.ts";

/** The result is shown for so many frames' time. */
const resultStays = 3;

/**
 * Encodes opaque frames of one size as an animation that repeats (APNG: PNG Third Edition, W3C 2025), and each by itself. It
 * begins with the last frame, the result: what viewers, printers and converters show that know no animations. Each further
 * frame is the rectangle in which it differs from the one before, with what did not change left transparent.
 */
export function encodeAnimation(
  frames: readonly Uint8Array[],
  width: number,
  height: number,
  secondsPerFrame: number,
): { animation: Buffer; stills: Buffer[] } {
  const all = new Uint8Array(frames.length * width * height * 4);
  for (const [i, frame] of frames.entries()) all.set(frame, i * frame.length);
  const { indices, colours } = nearPalette(all, width, 255);
  const clear = colours.length / 3;
  const planes = frames.map((_, i) => indices.subarray(i * width * height, (i + 1) * width * height));
  const header = chunk("IHDR", imageHeader(width, height, 3));
  const palette = chunk("PLTE", Buffer.from([...colours, 0, 0, 0]));
  const pack = (bytes: Uint8Array, columns: number, rows: number) =>
    deflated(filterRows(bytes, columns, rows, 1), 6);
  const whole = planes.map((plane) => pack(plane, width, height));
  const end = chunk("IEND", Buffer.alloc(0));

  const count = Buffer.alloc(8);
  count.writeUInt32BE(frames.length, 0);
  const transparency = chunk("tRNS", Buffer.alloc(clear + 1, 255).fill(0, clear));
  const parts = [signature, header, chunk("acTL", count), palette, transparency];
  const last = planes.length - 1;
  const milliseconds = Math.round(secondsPerFrame * 1000);
  parts.push(chunk("fcTL", frameControl(0, { x: 0, y: 0, width, height }, resultStays * milliseconds)));
  parts.push(chunk("IDAT", whole[last]!));
  let sequence = 1;
  for (const [i, plane] of planes.slice(0, last).entries()) {
    const before = planes[i === 0 ? last : i - 1]!;
    const box = changedBox(before, plane, width, height);
    parts.push(chunk("fcTL", frameControl(sequence++, box, milliseconds)));
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence++);
    const bytes = pack(changes(before, plane, width, box, clear), box.width, box.height);
    parts.push(chunk("fdAT", Buffer.concat([number, bytes])));
  }
  return {
    animation: Buffer.concat([...parts, end]),
    stills: whole.map((bytes) => Buffer.concat([signature, header, palette, chunk("IDAT", bytes), end])),
  };
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

/** The smallest rectangle outside of which two planes are equal; one pixel where they are equal everywhere. */
function changedBox(before: Uint8Array, after: Uint8Array, width: number, height: number): Box {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let from = 0;
    while (from < width && before[start + from] === after[start + from]) from++;
    if (from === width) continue;
    let to = width - 1;
    while (before[start + to] === after[start + to]) to--;
    left = Math.min(left, from);
    right = Math.max(right, to);
    top = Math.min(top, y);
    bottom = y;
  }
  return bottom < 0
    ? { x: 0, y: 0, width: 1, height: 1 }
    : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The pixels of a frame's rectangle, transparent where they are as before. */
function changes(before: Uint8Array, after: Uint8Array, width: number, box: Box, clear: number): Uint8Array {
  const pixels = new Uint8Array(box.width * box.height);
  for (let y = 0, at = 0; y < box.height; y++) {
    const from = (box.y + y) * width + box.x;
    for (let x = from; x < from + box.width; x++) pixels[at++] = before[x] === after[x] ? clear : after[x]!;
  }
  return pixels;
}
