/** Samples with labels, and the ways to take some of them. Subsets share the memory of the set they come from. */

import { bootstrapSample, kFold, stratifiedKFold } from "../classical/resampling.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { Tensor } from "../tensor.ts";
import { checkCount, checkSeed } from "./checks.ts";
import { Loader, type LoaderOptions } from "./loader.ts";
import { selectRows } from "./rows.ts";

export interface DatasetContents {
  readonly name: string;
  /** `[N, C, H, W]`, or `[N, …]` for samples that are no pictures. */
  readonly images: Tensor;
  /** `[N]`, int32, each the place of a class in `classes`; null for samples that nobody labelled. */
  readonly labels: Tensor | null;
  readonly classes: readonly string[];
  /** For each sample, what else is known of it: `7 with a bar`. */
  readonly variants?: readonly string[] | null;
  /** What else there is to predict, by name, `[N, …]` each: `{ masks: [N, H, W], boxes: [N, 4] }`. */
  readonly targets?: Readonly<Record<string, Tensor>>;
}

/** Options of `dataset.split`. */
export interface SplitOptions {
  /** Another seed, another split: 0 unless told. */
  readonly seed?: number;
  /** Whether both parts have each class in the proportion of the whole, as far as whole numbers go; false unless told. */
  readonly stratified?: boolean;
}

/** Options of `dataset.kFold`. */
export interface DatasetFoldOptions {
  /** Another seed, other folds: 0 unless told. */
  readonly seed?: number;
  /** Whether every fold has each class in the proportion of the whole; false unless told. */
  readonly stratified?: boolean;
}

/**
 * Images `[N, C, H, W]` with their labels `[N]`, and whatever else there is to predict of them (`target("masks")`); or
 * without labels. Made by `data.digits`, `data.shapes`, `data.mnist`, `data.fromArrays`.
 *
 * @example
 * const { train } = data.digits();
 * const [larger, smaller] = train.split(0.9);
 * for (const [images, labels] of larger.loader({ batchSize: 64, shuffle: true })) …
 */
export class Dataset {
  /** What it is called in messages. */
  readonly name: string;
  /** The classes' names, by label. */
  readonly classes: readonly string[];
  /** How many samples. */
  readonly size: number;
  /** Shape of one sample: `[C, H, W]`. */
  readonly sampleShape: readonly number[];
  /** What else is known of each sample (`7 with a bar`), or null. */
  readonly variants: readonly string[] | null;
  /** @internal Where the samples lie, for loaders: in these rows of `contents`. */
  readonly rows: Int32Array;
  /** @internal */
  readonly contents: DatasetContents;
  /** What `target` and `loader({ target })` know by name: `images`, `labels` where there are some, then the rest. */
  readonly targetNames: readonly string[];
  readonly #selected = new Map<string, Tensor>();

  /** @internal Use `data.fromArrays(images, labels)`. */
  constructor(contents: DatasetContents, rows?: Int32Array) {
    const { name, classes, images, labels, variants = null, targets = {} } = contents;
    this.name = name;
    this.classes = classes;
    this.contents = contents;
    this.rows = rows ?? Int32Array.from({ length: images.shape[0]! }, (_, row) => row);
    this.size = this.rows.length;
    this.sampleShape = images.shape.slice(1);
    this.variants =
      rows === undefined || variants === null ? variants : Array.from(rows, (row) => variants[row]!);
    this.targetNames = ["images", ...(labels === null ? [] : ["labels"]), ...Object.keys(targets)];
  }

  /** All images, `[N, C, H, W]`, float32. */
  get images(): Tensor {
    return this.target("images");
  }

  /** All samples `[N, D]`, where they are points or other rows of numbers. */
  get points(): Tensor {
    if (this.sampleShape.length === 1) return this.images;
    throw new ArgumentError(`points: ${this.name} has images; write images`);
  }

  /** All labels, `[N]`, int32. Throws where the samples have none. */
  get labels(): Tensor {
    return this.target("labels");
  }

  /** Whether somebody has labelled the samples. */
  get isLabelled(): boolean {
    return this.contents.labels !== null;
  }

  /**
   * What there is to predict by its name, `[N, …]`: `"labels"`, `"images"`, and what `targetNames` lists besides.
   *
   * @example
   * const masks = data.shapes().train.target("masks");   // [N, H, W], the class of each pixel
   */
  target(name: string): Tensor {
    const known = this.#selected.get(name);
    if (known !== undefined) return known;
    const selected = selectRows(targetOf("target", this, name), this.rows);
    this.#selected.set(name, selected);
    return selected;
  }

  /** The same images without labels and other targets: for learning without a teacher. Lecture step 003.82. */
  unlabelled(): Dataset {
    const { name, images } = this.contents;
    return new Dataset({ name: `${name}, unlabelled`, images, labels: null, classes: [] }, this.rows);
  }

  /** Sample `i` as its image `[C, H, W]` and its label; −1 is the last one. */
  at(i: number): [image: Tensor, label: number] {
    const index = Number.isInteger(i) && i < 0 ? i + this.size : i;
    const row = this.rows[index];
    if (row === undefined)
      throw new ArgumentError(
        `at: ${this.name} has the samples 0 to ${this.size - 1}; got ${describeValue(i)}`,
      );
    const label = targetOf("at", this, "labels").storage.values()[row]!;
    const image = selectRows(this.contents.images, Int32Array.of(row)).reshape(this.sampleShape).keep();
    return [image, label];
  }

  /** The first `n` samples. */
  take(n: number): Dataset {
    checkCount("take", "n", n);
    if (n > this.size)
      throw new ArgumentError(
        `take: ${this.name} has ${count(this.size)} samples; ${count(n)} were asked for`,
      );
    return this.#of(this.rows.slice(0, n));
  }

  /** The samples with these indices, in this order. */
  subset(indices: Tensor | ArrayLike<number>): Dataset {
    const given: unknown = indices;
    const list = given instanceof Tensor ? given.toTypedArray() : given;
    if (!Array.isArray(list) && !ArrayBuffer.isView(list))
      throw new ArgumentError(`subset: takes an array of indices; got ${describeValue(given)}`);
    const wanted: unknown[] = Array.from(indices instanceof Tensor ? indices.toTypedArray() : indices);
    if (wanted.length === 0)
      throw new ArgumentError("subset: there are no indices; a data set needs a sample");
    const rows = wanted.map((index) => {
      const row = typeof index === "number" ? this.rows[index] : undefined;
      if (row !== undefined) return row;
      throw new ArgumentError(
        `subset: indices are whole numbers from 0 to ${this.size - 1}; got ${describeValue(index)}`,
      );
    });
    return this.#of(Int32Array.from(rows));
  }

  /**
   * The samples for which `condition(label, index)` holds, in order.
   *
   * @example
   * const zerosAndOnes = train.filter((label) => label < 2);
   */
  filter(condition: (label: number, index: number) => boolean): Dataset {
    const labels = this.#labelValues("filter");
    const rows = this.rows.filter((_, i) => condition(labels[i]!, i));
    if (rows.length === 0)
      throw new ArgumentError(`filter: the condition holds for none of the ${count(this.size)} samples`);
    return this.#of(rows);
  }

  /**
   * Two sets, shuffled by the seed, that share no sample: the first has `fraction` of them, the second the rest.
   *
   * @example
   * const [train, validation] = everything.split(0.9);
   */
  split(fraction: number, options: SplitOptions = {}): [Dataset, Dataset] {
    checkOptions("split", options, ["seed", "stratified"]);
    const { seed = 0, stratified = false } = options;
    checkSeed("split", seed);
    checkStratified("split", stratified);
    if (typeof fraction !== "number" || !(fraction > 0 && fraction < 1))
      throw new ArgumentError(
        `split: fraction is the share of the first part, between 0 and 1 (0.8 for 80 %); got ${describeValue(fraction)}`,
      );
    const first = Math.round(this.size * fraction);
    if (first === 0 || first === this.size)
      throw new ArgumentError(
        `split: ${fraction} of ${count(this.size)} samples leaves nothing in the ${first === 0 ? "first" : "second"} part`,
      );
    const order = new Generator(seed).permutation(this.size);
    if (stratified) return this.#splitByClass(order, first);
    return [this.subset(order.slice(0, first)), this.subset(order.slice(first))];
  }

  /**
   * k-fold cross-validation: k pairs of sets, shuffled by the seed; each sample is in the second set of one pair, and in the
   * first set of all others. Throws where k is not from 2 to the number of samples, and for `stratified` without labels.
   * Lecture steps 003.10 and 003.29; `classical.kFold` has the places alone.
   *
   * @example
   * for (const [train, validation] of everything.kFold(5, { stratified: true })) …
   */
  kFold(k: number, options: DatasetFoldOptions = {}): [train: Dataset, validation: Dataset][] {
    checkOptions("kFold", options, ["seed", "stratified"]);
    const { seed = 0, stratified = false } = options;
    checkSeed("kFold", seed);
    checkStratified("kFold", stratified);
    if (stratified) targetOf("kFold", this, "labels");
    const dealing = { shuffle: true, seed };
    const folds = stratified ? stratifiedKFold(this.labels, k, dealing) : kFold(this.size, k, dealing);
    return folds.map(({ train, validation }) => [this.subset(train), this.subset(validation)]);
  }

  /**
   * A bootstrap sample of as many samples, drawn with replacement. Lecture step 003.29; Efron 1979; `classical.bootstrapSample`
   * has the places, and those never drawn.
   *
   * @example
   * const forest = [1, 2, 3].map((seed) => train.bootstrap({ seed }));
   */
  bootstrap(options: { readonly seed?: number } = {}): Dataset {
    checkOptions("bootstrap", options, ["seed"]);
    const { seed = 0 } = options;
    checkSeed("bootstrap", seed);
    return this.subset(bootstrapSample(this.size, { seed }).drawn);
  }

  /** One set per class, in the order of `classes`: `train.byClass()[3]` holds the threes. Throws where a class has no sample. */
  byClass(): Dataset[] {
    const labels = this.#labelValues("byClass");
    return this.classes.map((name, label) => {
      const rows = this.rows.filter((_, i) => labels[i] === label);
      if (rows.length === 0)
        throw new ArgumentError(`byClass: ${this.name} has no sample of the class ${name}`);
      return this.#of(rows);
    });
  }

  /** How many samples each class has, in the order of `classes`; none without labels. */
  get classCounts(): number[] {
    const counts = new Array<number>(this.classes.length).fill(0);
    if (this.isLabelled) for (const label of this.#labelValues("classCounts")) counts[label]!++;
    return counts;
  }

  /**
   * Batches `[images, labels]` for training: see `Loader`. With `target` another second part, or several.
   *
   * @example
   * await fit(autoencoder, train.loader({ target: "images" }), { optimizer, loss: nn.mse });
   * for (const [images, labels, boxes] of train.loader({ target: ["labels", "boxes"] })) …
   */
  loader(options?: LoaderOptions): Loader;
  loader<const Names extends readonly string[]>(
    options: Omit<LoaderOptions, "target"> & { readonly target: Names },
  ): Loader<[images: Tensor, ...targets: { -readonly [K in keyof Names]: Tensor }]>;
  loader(
    options: Omit<LoaderOptions, "target"> & { readonly target?: string | readonly string[] } = {},
  ): Loader<[Tensor, ...Tensor[]]> {
    return new Loader<[Tensor, ...Tensor[]]>(this, options);
  }

  /** `MNIST, training: 60,000 images 28 × 28, 10 classes`. */
  toString(): string {
    const classes = this.isLabelled ? plural(this.classes.length, "class", "classes") : "no labels";
    if (this.sampleShape.length !== 3)
      return `${this.name}: ${plural(this.size, "sample")} of ${this.sampleShape.join(" × ")} numbers, ${classes}`;
    const [channels, height, width] = this.sampleShape;
    const colours = channels === 1 ? "" : ` with ${channels} channels`;
    return `${this.name}: ${plural(this.size, "image")} ${height} × ${width}${colours}, ${classes}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  #of(rows: Int32Array): Dataset {
    return new Dataset(this.contents, rows);
  }

  /** The samples in this order in two sets, the first of `first` samples with its share of each class. */
  #splitByClass(order: Int32Array, first: number): [Dataset, Dataset] {
    const labels = this.#labelValues("split");
    const shares = this.classCounts.map((samples) => (samples * first) / this.size);
    const places = shares.map(Math.floor);
    // Rounding down leaves some places over: they go to the classes that lost most by it.
    const left = first - places.reduce((sum, n) => sum + n, 0);
    const lost = shares.map((share, label) => ({ label, part: share - places[label]! }));
    for (const { label } of lost.sort((a, b) => b.part - a.part).slice(0, left)) places[label]!++;
    const isFirst = new Set(order.filter((i) => places[labels[i]!]!-- > 0));
    return [
      this.subset(order.filter((i) => isFirst.has(i))),
      this.subset(order.filter((i) => !isFirst.has(i))),
    ];
  }

  #labelValues(operation: string): Int32Array {
    const all = targetOf(operation, this, "labels").storage.values();
    return this.rows.map((row) => all[row]!);
  }
}

function checkStratified(operation: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ArgumentError(`${operation}: stratified must be true or false; got ${describeValue(value)}`);
}

/** All rows of what a data set has by this name, whatever subset of them it is. */
export function targetOf(operation: string, dataset: Dataset, name: unknown): Tensor {
  const { images, labels, targets = {} } = dataset.contents;
  const known = new Map<unknown, Tensor>([["images", images], ...Object.entries(targets)]);
  if (labels !== null) known.set("labels", labels);
  const found = known.get(name);
  if (found !== undefined) return found;
  const has = dataset.targetNames.map((one) => JSON.stringify(one)).join(", ");
  throw new ArgumentError(
    name === "labels"
      ? `${operation}: ${dataset.name} has no labels; it has ${has}. To learn without labels: loader({ target: "images" })`
      : `${operation}: ${dataset.name} has no target ${typeof name === "string" ? JSON.stringify(name) : describeValue(name)}; it has ${has}`,
  );
}

/** `60,000`. */
function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** `1 image`, `60,000 images`. */
function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
