import { expect, test } from "vitest";
import { Allocator, blockSize } from "../../../engine/backend/allocator.ts";
import { randomSource } from "./support.ts";

const fixed = (start: number, end: number) => new Allocator(start, end, () => null);

test("block sizes are multiples of a cache line and at most an eighth more than asked for", () => {
  expect(blockSize(0)).toBe(64);
  expect(blockSize(64)).toBe(64);
  expect(blockSize(65)).toBe(128);
  for (let bytes = 512; bytes < 1e9; bytes = Math.ceil(bytes * 1.037)) {
    const size = blockSize(bytes);
    expect(size % 64).toBe(0);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size).toBeLessThanOrEqual(bytes * 1.125 + 64);
    // A rounded size is its own class: a released block is found again.
    expect(blockSize(size)).toBe(size);
  }
});

test("a released block is handed out again", () => {
  const allocator = fixed(64, 64 + 1024);
  const first = allocator.allocate(512)!;
  allocator.allocate(512);
  expect(allocator.allocate(64)).toBeNull();
  allocator.release(first, 512);
  expect(allocator.allocate(512)).toBe(first);
});

test("neighbours that are free serve larger and smaller requests", () => {
  const allocator = fixed(0, 1024);
  const blocks = Array.from({ length: 16 }, () => allocator.allocate(64)!);
  for (const address of blocks.slice(2, 10)) allocator.release(address, 64);
  expect(allocator.allocate(512)).toBe(blocks[2]);
  expect(allocator.allocate(64)).toBeNull();
  allocator.release(blocks[2]!, 512);
  expect(allocator.allocate(128)).toBe(blocks[2]);
  expect(allocator.allocate(384)).toBe(blocks[2]! + 128);
});

test("the memory grows only when nothing free fits", () => {
  let end = 256;
  const asked: number[] = [];
  const allocator = new Allocator(0, end, (needed) => {
    asked.push(needed);
    end = Math.max(needed, 2 * end);
    return end;
  });
  const a = allocator.allocate(128)!;
  const b = allocator.allocate(128)!;
  allocator.release(a, 128);
  allocator.release(b, 128);
  expect(allocator.allocate(256)).toBe(0);
  expect(asked).toEqual([]);
  expect(allocator.allocate(192)).toBe(256);
  expect(asked).toEqual([448]);
});

test("bytes in use are counted", () => {
  const allocator = fixed(0, 4096);
  const a = allocator.allocate(128)!;
  allocator.allocate(64);
  expect(allocator.used).toBe(192);
  allocator.release(a, 128);
  expect(allocator.used).toBe(64);
  expect(allocator.allocate(1 << 20)).toBeNull();
  expect(allocator.used).toBe(64);
});

test("blocks never overlap, in a long random history", () => {
  const random = randomSource(5);
  let end = 4096;
  const allocator = new Allocator(0, end, (needed) => {
    if (needed > 1 << 20) return null;
    end = Math.min(1 << 20, Math.max(needed, Math.ceil(1.5 * end)));
    return end;
  });
  const live = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    if (live.size > 0 && random() < 0.5) {
      const [address, size] = [...live][Math.floor(random() * live.size)]!;
      live.delete(address);
      allocator.release(address, size);
    } else {
      const size = blockSize(Math.floor(2 ** (random() * 16)));
      const address = allocator.allocate(size);
      if (address === null) continue;
      for (const [other, length] of live) {
        if (address < other + length && other < address + size) expect.fail(`${address} overlaps ${other}`);
      }
      expect(address + size).toBeLessThanOrEqual(end);
      live.set(address, size);
    }
  }
  const total = [...live.values()].reduce((sum, size) => sum + size, 0);
  expect(allocator.used).toBe(total);
});
