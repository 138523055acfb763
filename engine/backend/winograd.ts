/** Which convolutions Winograd's algorithm computes (`kernels/winograd.ts`), and in which portions. */
import type { Conv2dGeometry } from "./backend.ts";

/** Below so many channels the transforms cost more than they save. */
const FEWEST_CHANNELS = 8;
/** With fewer tiles than this the transform of the weights costs more than is saved. */
const TILES_THAT_PAY = 17;
/** Transformed tiles of so many bytes are multiplied at a time, to stay in the second-level cache, */
const CHUNK_BYTES = 512 * 1024;
/** but not fewer than so many, lest the transformed weights are read again and again. */
const FEWEST_TILES = 64;

/** 3×3, stride 1, neither dilated nor grouped, with padding 0 to 2 on each side and enough channels to pay. */
export function isWinograd(g: Conv2dGeometry): boolean {
  return (
    g.kernelHeight === 3 &&
    g.kernelWidth === 3 &&
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    g.dilationHeight === 1 &&
    g.dilationWidth === 1 &&
    g.groups === 1 &&
    g.inChannels >= FEWEST_CHANNELS &&
    g.outChannels >= FEWEST_CHANNELS &&
    g.padTop <= 2 &&
    g.padLeft <= 2 &&
    g.outHeight + 2 - g.inHeight - g.padTop <= 2 &&
    g.outWidth + 2 - g.inWidth - g.padLeft <= 2 &&
    g.batch * Math.ceil(g.outHeight / 2) * Math.ceil(g.outWidth / 2) >= TILES_THAT_PAY
  );
}

/** The convolution that takes ∂L/∂out to ∂L/∂x: full where this one is valid, and the other way round. */
export function transposedGeometry(g: Conv2dGeometry): Conv2dGeometry {
  return {
    ...g,
    inChannels: g.outChannels,
    inHeight: g.outHeight,
    inWidth: g.outWidth,
    outChannels: g.inChannels,
    outHeight: g.inHeight,
    outWidth: g.inWidth,
    padTop: 2 - g.padTop,
    padLeft: 2 - g.padLeft,
  };
}

/** Bytes of 16 matrices whose beginnings fall into different sets of a cache. */
const sixteen = (rows: number, columns: number): number =>
  16 * (4096 * Math.ceil((4 * rows * columns) / 4096) + 256);

/** Bytes of the transformed weights, which are packed in strips of 6 rows unless a BLAS packs them. */
export function transformedWeightBytes({ inChannels, outChannels }: Conv2dGeometry, packed: boolean): number {
  return sixteen(packed ? 6 * Math.ceil(outChannels / 6) : outChannels, inChannels);
}

/** Bytes that a thread needs to transform so many rows of tiles: input, output, one channel of each with its padding. */
export function tileBytes({ inChannels, outChannels, outWidth }: Conv2dGeometry, rows: number): number {
  const tilesX = Math.ceil(outWidth / 2);
  const lead = 4 * Math.ceil((rows * tilesX) / 4) + 4;
  const plane = 4 * (2 * rows + 2) * (8 * Math.ceil(tilesX / 4) + 4);
  return sixteen(inChannels, lead) + sixteen(outChannels, lead) + 2 * plane;
}

/** Rows of tiles that are transformed and multiplied at a time. */
export function winogradChunkRows(g: Conv2dGeometry): number {
  const bytesPerTile = 4 * 16 * (g.inChannels + g.outChannels);
  const tiles = Math.max(FEWEST_TILES, Math.floor(CHUNK_BYTES / bytesPerTile));
  return Math.max(1, Math.floor(tiles / Math.ceil(g.outWidth / 2)));
}
