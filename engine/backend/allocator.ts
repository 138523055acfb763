/**
 * Blocks of a growing memory, by address. Freed blocks wait in lists by size, so that a training loop, which asks for the
 * same sizes again and again, pays two array operations. Before the memory grows, neighbours among the free blocks are
 * joined, so that other sizes can use them.
 */

/** Blocks start at and are multiples of a cache line. */
const ALIGNMENT = 64;

/** Sizes are rounded up to 8 steps per power of two, at most 1/8 more than asked for. */
export function blockSize(bytes: number): number {
  if (bytes <= 8 * ALIGNMENT) return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** Makes the memory end at `end` or later; returns where it ends now, or null when it cannot. */
export type Grow = (end: number) => number | null;

export class Allocator {
  /** Bytes of the blocks handed out. */
  used = 0;
  readonly #free = new Map<number, number[]>();
  readonly #grow: Grow;
  /** Everything from here to `#end` was never handed out, or came back. */
  #top: number;
  #end: number;
  /** Bytes that came back since free neighbours were last joined. */
  #returned = 0;

  constructor(start: number, end: number, grow: Grow) {
    this.#top = start;
    this.#end = end;
    this.#grow = grow;
  }

  /** The address of a block of `size` bytes (a result of `blockSize`), or null when the memory cannot grow so far. */
  allocate(size: number): number | null {
    const list = this.#free.get(size);
    const address = list?.pop() ?? this.#takeTop(size) ?? this.#allocateSlowly(size);
    if (address !== null) this.used += size;
    return address;
  }

  release(address: number, size: number): void {
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [address]);
    else list.push(address);
    this.used -= size;
    this.#returned += size;
  }

  #takeTop(size: number): number | null {
    const address = this.#top;
    if (address + size > this.#end) return null;
    this.#top = address + size;
    return address;
  }

  #allocateSlowly(size: number): number | null {
    const split = this.#split(size);
    if (split !== null) return split;
    // Joining looks at every free block: not before much has come back, lest a busy loop does nothing else.
    if (this.#returned >= this.#end / 8) {
      const joined = this.#joinAndTake(size);
      if (joined !== null) return joined;
    }
    const end = this.#grow(this.#top + size);
    if (end === null) return this.#joinAndTake(size);
    this.#end = end;
    return this.#takeTop(size);
  }

  #joinAndTake(size: number): number | null {
    this.#join();
    return this.#takeTop(size) ?? this.#split(size);
  }

  /** Joins free neighbours; what lies at the top returns to it. */
  #join(): void {
    const blocks: [address: number, size: number][] = [];
    for (const [size, addresses] of this.#free) for (const address of addresses) blocks.push([address, size]);
    blocks.sort((a, b) => a[0] - b[0]);
    this.#free.clear();
    this.#returned = 0;
    let start = -1;
    let end = -1;
    for (const [address, size] of blocks) {
      if (address !== end) {
        if (start >= 0) this.#put(start, end - start);
        start = address;
      }
      end = address + size;
    }
    if (start < 0) return;
    if (end === this.#top) this.#top = start;
    else this.#put(start, end - start);
  }

  /** Takes the smallest free block that is large enough, and leaves the rest free. */
  #split(size: number): number | null {
    let best = Number.POSITIVE_INFINITY;
    for (const [candidate, addresses] of this.#free) {
      if (candidate >= size && candidate < best && addresses.length > 0) best = candidate;
    }
    const address = this.#free.get(best)?.pop();
    if (address === undefined) return null;
    if (best > size) this.#put(address + size, best - size);
    return address;
  }

  #put(address: number, size: number): void {
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [address]);
    else list.push(address);
  }
}
