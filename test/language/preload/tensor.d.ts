export interface Reduction {
  dim: number;
}
export type DType = "float32" | "int32";
/** Numbers in rows. */
export declare class Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /**
   * The sum, element by element.
   * @param other a tensor that broadcasts, or a number
   * @example
   * a.add(1)
   */
  add(other: Tensor | number): Tensor;
  item(): number;
  toTypedArray(): Float32Array<ArrayBuffer>;
}
/** Makes a tensor. */
export declare function tensor(values: number[], options?: { dtype?: DType }): Tensor;
/** A layer: y = Wx + b. */
export declare function linear(
  inFeatures: number,
  outFeatures: number,
  options?: { bias?: boolean },
): (x: Tensor) => Tensor;
