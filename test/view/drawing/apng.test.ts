/** Animations: frames read back by another decoder, and the slider's specification compiled by Vega-Lite. */
import { type DecodedPng, decode, decodeApng } from "fast-png";
import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, it } from "vitest";
import { animation, mostAnimationBytes, stepsShown } from "../../../kernel/view/drawing/animation.ts";
import { encodeAnimation } from "../../../kernel/view/drawing/apng.ts";
import type { Animation } from "../../../kernel/view/drawing/drawing.ts";
import { chunk, signature } from "../../../kernel/view/drawing/png.ts";
import { bundleOf, decodePng, specOf } from "../decode.ts";

const white = (width: number, height: number) => new Uint8Array(width * height * 4).fill(255);

/** White, with one dot of a colour. */
function dot(width: number, height: number, at: number, colour: readonly number[]): Uint8Array {
  const frame = white(width, height);
  frame.set([...colour, 255], 4 * at);
  return frame;
}

interface Part {
  x: number;
  y: number;
  picture: DecodedPng;
}

/** The frames as PNG files of their own with their place: decoders differ in how they lay them over each other. */
function partsOf(bytes: Buffer): Part[] {
  const chunks: { type: string; body: Buffer }[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const body = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
    chunks.push({ type: bytes.toString("latin1", at + 4, at + 8), body });
  }
  const shared = chunks.filter(({ type }) => type === "PLTE" || type === "tRNS");
  const [header, ...rest] = chunks;
  const frames = rest.filter(({ type }) => ["fcTL", "IDAT", "fdAT"].includes(type));
  return Array.from({ length: frames.length / 2 }, (_, i) => {
    const [control, pixels] = [frames[2 * i]!.body, frames[2 * i + 1]!];
    expect([...control.subarray(24)], "nothing is disposed of, frames are laid over").toEqual([0, 1]);
    const size = Buffer.concat([control.subarray(4, 12), header!.body.subarray(8)]);
    const body = pixels.type === "fdAT" ? pixels.body.subarray(4) : pixels.body;
    const file = Buffer.concat([
      signature,
      chunk("IHDR", size),
      ...shared.map(({ type, body }) => chunk(type, body)),
      chunk("IDAT", body),
      chunk("IEND", Buffer.alloc(0)),
    ]);
    return { x: control.readUInt32BE(12), y: control.readUInt32BE(16), picture: decode(file) };
  });
}

/** Lays a part over what is shown of a picture 5 pixels wide. */
function layOver(shown: number[][], { x, y, picture }: Part): void {
  for (const [at, index] of picture.data.entries()) {
    const [red, green, blue, alpha] = picture.palette![index]!;
    const to = (y + Math.floor(at / picture.width)) * 5 + x + (at % picture.width);
    if (alpha !== 0) shown[to] = [red!, green!, blue!];
  }
}

describe("an animated PNG", async () => {
  const frames = [
    dot(5, 4, 0, [0, 0, 0]),
    dot(5, 4, 7, [200, 0, 0]),
    dot(5, 4, 7, [200, 0, 0]),
    dot(5, 4, 19, [0, 0, 200]),
  ];
  const { animation: bytes, patches } = await encodeAnimation(frames, 5, 4, 0.5);

  it("holds every frame from the result on, transparent where nothing changes", () => {
    const decoded = decodeApng(bytes);
    expect([decoded.width, decoded.height, decoded.frames.length]).toEqual([5, 4, 4]);
    const shown: number[][] = [];
    const parts = partsOf(bytes);
    // Squares of 2 × 2 pixels: at half the size none is a mixture of old and new.
    expect(parts.map(({ picture }) => [picture.width, picture.height])).toEqual([
      [5, 4],
      [5, 4],
      [4, 2],
      [2, 2],
    ]);
    for (const [place, part] of parts.entries()) {
      layOver(shown, part);
      const i = (place + 3) % 4;
      expect(shown.flat(), `frame ${i}`).toEqual([...frames[i]!.filter((_, byte) => byte % 4 !== 3)]);
    }
  });

  it("gives the first frame and what to lay over it, square by square", () => {
    const shown: number[][] = [];
    for (const [i, { png, x, y, width, height }] of patches.entries()) {
      const picture = decode(png);
      expect([picture.width, picture.height]).toEqual([width, height]);
      expect([x % 2, y % 2]).toEqual([0, 0]);
      layOver(shown, { x, y, picture });
      expect(shown.flat(), `frame ${i}`).toEqual([...frames[i]!.filter((_, byte) => byte % 4 !== 3)]);
    }
    const clear = decode(patches[3]!.png);
    expect(
      clear.data.map((index) => clear.palette![index]![3]!),
      "the whole square of the dot that went, and of the one that came",
    ).toEqual(Uint8Array.from([255, 255, 0, 255, 255, 0, 0, 0, 255, 0, 0, 255]));
  });

  it("has the given delays, the result for longer", () => {
    expect(
      decodeApng(bytes).frames.map(({ delayNumber, delayDenominator }) => delayNumber / delayDenominator),
    ).toEqual([1.5, 0.5, 0.5, 0.5]);
  });

  it("shows its last frame where nothing moves", () => {
    expect([...decodePng(bytes).rgb]).toEqual([...frames[3]!.filter((_, byte) => byte % 4 !== 3)]);
  });
});

describe("an animation as a display", () => {
  const sheet = (value: number) => ({
    kind: "sheet" as const,
    sheet: { title: "t", lines: [[{ rows: 1, columns: 1, values: [value] }]], notes: [] },
  });
  const frames: Animation["frames"] = [1, 22, 333_333].map(sheet);

  it("is a moving PNG, and a slider over the frames that Vega-Lite accepts", () => {
    const bundle = bundleOf(animation(frames, "Three numbers.", { secondsPerFrame: 1, step: "number" }));
    expect(decodeApng(Buffer.from(String(bundle.data["image/png"]), "base64")).frames).toHaveLength(3);
    const spec = specOf(bundle);
    expect(compile(spec as unknown as TopLevelSpec).spec.signals).toContainEqual(
      expect.objectContaining({ name: "step", value: 3, bind: expect.objectContaining({ max: 3 }) }),
    );
    const { values } = spec.data as { values: { url: string; left: number; right: number }[] };
    expect(values).toHaveLength(3);
    for (const { url, left, right } of values)
      expect(decodePng(Buffer.from(url.split(",")[1]!, "base64")).width).toBe(2 * (right - left));
  });

  it("has no slider where the frames would be too heavy", { timeout: 120_000 }, () => {
    const grid = (seed: number) => Array.from({ length: 900 }, (_, i) => Math.sin(seed + i * i) * 1000);
    const heavy = Array.from({ length: 16 }, (_, i) => ({
      kind: "sheet" as const,
      sheet: { title: "t", lines: [[{ rows: 30, columns: 30, values: grid(i), written: true }]], notes: [] },
    }));
    const bundle = bundleOf(animation(heavy, "Many numbers.", { secondsPerFrame: 1, step: "step" }));
    expect(String(bundle.data["image/png"]).length).toBeGreaterThan(mostAnimationBytes / 4);
    expect(specOf(bundle)).toBeUndefined();
  });

  it("says how many steps it leaves out", () => {
    expect(stepsShown(3, 1)).toEqual({ steps: [0, 1, 2], note: "" });
    expect(stepsShown(100, 1).steps).toHaveLength(49);
    expect(stepsShown(100, 1).note).toBe(" The first 49 of 100 steps are shown.");
    expect(stepsShown(100, 1000).note).toBe(" The first 12 of 100 steps are shown.");
    expect(stepsShown(100, 100_000).steps).toHaveLength(4);
  });
});
