// Walks by strides and by indices, on 32-bit elements (float32 and int32 alike where nothing is added).

import { pointer, sliceStart, word } from "./task";

/** Rows of the walk's three outer dimensions: word 5 is the first dimension, word 9 the first stride, all in elements. */
@inline
function rowOffset(task: usize, row: i32): usize {
  const d1 = word(task, 6);
  const d2 = word(task, 7);
  const offset =
    word(task, 4) + (row / d2 / d1) * word(task, 9) + ((row / d2) % d1) * word(task, 10) + (row % d2) * word(task, 11);
  return <usize>offset << 2;
}

/** Words: x, out, unused, unused, offset, four dimensions, four strides. out[i] = x[walk(i)]. */
export function strided(task: usize, slice: i32, slices: i32): void {
  const inner = word(task, 8);
  const step = <usize>word(task, 12) << 2;
  const rows = word(task, 5) * word(task, 6) * word(task, 7);
  const first = sliceStart(rows, 1, slice, slices);
  const last = sliceStart(rows, 1, slice + 1, slices);
  let out = pointer(task, 1) + (<usize>first * <usize>inner << 2);
  for (let row = first; row < last; ++row) {
    let from = pointer(task, 0) + rowOffset(task, row);
    if (step == 4) {
      let left = inner;
      for (; left >= 4; left -= 4) {
        v128.store(out, v128.load(from));
        from += 16;
        out += 16;
      }
      for (; left > 0; --left) {
        store<i32>(out, load<i32>(from));
        from += 4;
        out += 4;
      }
    } else {
      let i = 0;
      if (step == 8) {
        for (; i + 4 <= inner; i += 4) {
          v128.store(out, v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
          from += 32;
          out += 16;
        }
      }
      for (; i < inner; ++i) {
        store<i32>(out, load<i32>(from));
        from += step;
        out += 4;
      }
    }
  }
}

/** Words as for `strided`, with x read in order: out[walk(i)] += x[i]. For one slice: walks may overlap. */
export function stridedAdd(task: usize, slice: i32, slices: i32): void {
  const inner = word(task, 8);
  const step = <usize>word(task, 12) << 2;
  const rows = word(task, 5) * word(task, 6) * word(task, 7);
  let x = pointer(task, 0);
  for (let row = 0; row < rows; ++row) {
    let to = pointer(task, 1) + rowOffset(task, row);
    for (let i = 0; i < inner; ++i) {
      store<f32>(to, load<f32>(to) + load<f32>(x));
      to += step;
      x += 4;
    }
  }
}

/** Words: x, indices, out, count, row length. */
export function gatherRows(task: usize, slice: i32, slices: i32): void {
  const length = <usize>word(task, 4) << 2;
  const count = word(task, 3);
  const last = sliceStart(count, 1, slice + 1, slices);
  for (let i = sliceStart(count, 1, slice, slices); i < last; ++i) {
    const index = <usize>load<i32>(pointer(task, 1) + (<usize>i << 2));
    memory.copy(pointer(task, 2) + <usize>i * length, pointer(task, 0) + index * length, length);
  }
}

/** Words: x, indices, out, count, row length. Slices divide the columns, so that equal indices never meet. */
export function scatterAddRows(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 4);
  const count = word(task, 3);
  const first = sliceStart(length, 16, slice, slices);
  const last = sliceStart(length, 16, slice + 1, slices);
  for (let i = 0; i < count; ++i) {
    const index = load<i32>(pointer(task, 1) + (<usize>i << 2));
    let from = pointer(task, 0) + (<usize>(i * length + first) << 2);
    let to = pointer(task, 2) + (<usize>(index * length + first) << 2);
    let left = last - first;
    for (; left >= 4; left -= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      from += 16;
      to += 16;
    }
    for (; left > 0; --left) {
      store<f32>(to, load<f32>(to) + load<f32>(from));
      from += 4;
      to += 4;
    }
  }
}
