// How a kernel is called: every exported kernel has the signature (task, slice, slices). Its operands are 32-bit words at
// address `task`; it computes slice `slice` of `slices`. What a slice contains depends on the sizes alone, never on
// which thread computes it or when.

@inline
export function word(task: usize, index: i32): i32 {
  return load<i32>(task + (<usize>index << 2));
}

@inline
export function pointer(task: usize, index: i32): usize {
  return <usize>load<u32>(task + (<usize>index << 2));
}

@inline
export function real(task: usize, index: i32): f32 {
  return load<f32>(task + (<usize>index << 2));
}

/** First of `count` items that belong to slice `slice`, when slices are made of whole units of `unit` items. */
@inline
export function sliceStart(count: i32, unit: i32, slice: i32, slices: i32): i32 {
  const units: i64 = (<i64>count + unit - 1) / unit;
  return <i32>min<i64>(count, ((units * slice) / slices) * unit);
}
