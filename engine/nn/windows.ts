// How layers that move a window over their input, convolutions and pooling, tell their settings in one line.

/** One number, or one for each direction. */
type Sizes = number | readonly number[];

const listOf = (sizes: Sizes): readonly number[] => (typeof sizes === "number" ? [sizes] : sizes);

/** `3` for one size in all directions, else `3×1`. */
export function formatSizes(sizes: Sizes): string {
  const list = listOf(sizes);
  return list.every((size) => size === list[0]) ? String(list[0]) : list.join("×");
}

/** `stride 2`; nothing for the usual value. */
function unlessUsual(name: string, sizes: Sizes, usual: Sizes): string {
  const told = formatSizes(sizes);
  return told === formatSizes(usual) ? "" : `${name} ${told}`;
}

const joined = (parts: readonly string[]): string => parts.filter(Boolean).join(", ");

interface ConvolutionSettings {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly padding: Sizes | "same" | "valid";
  readonly bias: unknown;
  readonly inputSize?: readonly number[];
  readonly outputPadding?: Sizes;
  readonly paddingMode?: string;
  readonly dilation?: Sizes;
  readonly groups?: number;
  readonly flip?: boolean;
}

/** `1 → 6, kernel 5×5, padding 2`: channels, kernel, and what is not usual. */
export function describeConvolution(layer: ConvolutionSettings): string {
  const { padding, inputSize, outputPadding = 0, paddingMode = "zeros", dilation = 1, groups = 1 } = layer;
  return joined([
    `${layer.inChannels} → ${layer.outChannels}`,
    `kernel ${listOf(layer.kernelSize).join("×")}`,
    inputSize === undefined ? "" : `on ${inputSize.join("×")}`,
    unlessUsual("stride", layer.stride, 1),
    padding === "same" ? "padding same" : padding === "valid" ? "" : unlessUsual("padding", padding, 0),
    unlessUsual("output padding", outputPadding, 0),
    paddingMode === "zeros" ? "" : paddingMode,
    unlessUsual("dilation", dilation, 1),
    groups === 1 ? "" : `${groups} groups`,
    layer.bias === null ? "no bias" : "",
    layer.flip === true ? "flipped" : "",
  ]);
}

interface PoolingSettings {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly padding: Sizes;
  readonly ceilMode: boolean;
}

/** `2×2, stride 1`: the window, and what is not usual. */
export function describePooling({ kernelSize, stride, padding, ceilMode }: PoolingSettings): string {
  return joined([
    listOf(kernelSize).join("×"),
    unlessUsual("stride", stride, kernelSize),
    unlessUsual("padding", padding, 0),
    ceilMode ? "rounded up" : "",
  ]);
}
