/** What a transform of images is: what it draws for each sample, and what it carries along with the images. */

import { makeEmpty, tensor } from "../../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../errors.ts";
import { defaultGenerator, Generator } from "../../random.ts";
import { describeShape, type Shape } from "../../shapes.ts";
import { isTensor, type Tensor } from "../../tensor.ts";

interface Sizes {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Images of a batch on its way. */
export interface Pictures extends Sizes {
  /** `[count, channels, height, width]`, float32. */
  readonly pixels: Tensor;
  /** The numbers of `pixels`, where they lie. */
  readonly values: Float32Array;
}

/** Images whose numbers are yet to be written. */
export function makePictures(sizes: Sizes): Pictures {
  const { count, channels, height, width } = sizes;
  const pixels = makeEmpty("transform", [count, channels, height, width], "float32");
  return { ...sizes, pixels, values: pixels.storage.values() as Float32Array };
}

/** Images with these numbers, to be written into. */
function picturesOf(given: Tensor, sizes: Sizes): Pictures {
  const pictures = makePictures(sizes);
  pictures.values.set(given.toTypedArray());
  return pictures;
}

/** A batch on its way through transforms, which may write into it. */
export interface Batch {
  readonly images: Pictures;
  /** Images that are a target: moved with the images, but not recoloured, hidden or blurred by noise. */
  readonly clean: Pictures | null;
  /** The class of each pixel, one channel. */
  readonly masks: Pictures | null;
  /** Per sample left, top, right, bottom in shares of width and height. */
  readonly boxes: Float32Array | null;
}

/** Images with what belongs to them. */
export interface ImagesWithTargets {
  /** `[N, C, H, W]`. */
  readonly images: Tensor;
  /** `[N, C, H, W]`, images to be predicted. */
  readonly clean?: Tensor;
  /** `[N, H, W]` int32, the class of each pixel. */
  readonly masks?: Tensor;
  /** `[N, 4]`, left, top, right, bottom in shares of width and height. */
  readonly boxes?: Tensor;
}

/**
 * A change of images, random or not. `apply` changes a batch `[N, C, H, W]` or one image `[C, H, W]` into a new tensor; each sample has a
 * draw of its own. In training, give it to the loader.
 *
 * @example
 * const augment = data.transforms.compose(data.transforms.randomHorizontalFlip(), data.transforms.randomRotation(10));
 * for (const [images, labels] of train.loader({ shuffle: true, transform: augment })) …
 */
export class Transform {
  readonly #text: string;
  readonly #change: (batch: Batch, random: Generator) => Batch;

  /** @internal Use the functions of `data.transforms`. */
  constructor(text: string, change: (batch: Batch, random: Generator) => Batch) {
    this.#text = text;
    this.#change = change;
  }

  /**
   * The changed images, `[N, C, H, W]` or `[C, H, W]` as they were given. Draws from the default generator, which `seed(n)`
   * restarts, or from the one given.
   *
   * @throws ShapeError for anything but images.
   */
  apply(images: Tensor, generator: Generator = defaultGenerator): Tensor {
    const one = isTensor(images) && images.ndim === 3;
    const changed = this.applyWith({ images: one ? images.unsqueeze(0) : images }, generator).images;
    return one ? changed.reshape(changed.shape.slice(1)) : changed;
  }

  /** Images with masks, boxes or images to be predicted, which move as the images do. */
  applyWith(given: ImagesWithTargets, generator: Generator = defaultGenerator): ImagesWithTargets {
    if (!(generator instanceof Generator))
      throw new ArgumentError(
        `${this.#text}: the second argument is a Generator, such as new Generator(1); got ${describeValue(generator)}`,
      );
    const images = this.#read(given.images);
    const { clean, masks, boxes } = given;
    const [n, h, w] = [images.count, images.height, images.width];
    const expected = { clean: [n, clean?.shape[1] ?? 0, h, w], masks: [n, h, w], boxes: [n, 4] };
    for (const [name, target] of Object.entries({ clean, masks, boxes })) {
      const wanted = expected[name as keyof typeof expected];
      if (target !== undefined && target.shape.join() !== wanted.join())
        throw new ShapeError(
          `${this.#text}: ${name} ${describeShape(target.shape)} do not belong to images ${describeShape(given.images.shape)}; expected ${describeShape(wanted)}`,
        );
    }
    const size = { count: images.count, channels: 1, height: images.height, width: images.width };
    const result = this.change(
      {
        images,
        clean: clean === undefined ? null : this.#read(clean),
        masks: masks === undefined ? null : picturesOf(masks, size),
        boxes: boxes === undefined ? null : ownValues(boxes),
      },
      generator,
    );
    return {
      images: result.images.pixels,
      ...(result.clean === null ? {} : { clean: result.clean.pixels }),
      ...(result.masks === null ? {} : { masks: classesOf(result.masks) }),
      ...(result.boxes === null ? {} : { boxes: tensor(result.boxes, { shape: [images.count, 4] }) }),
    };
  }

  /** @internal */
  change(batch: Batch, random: Generator): Batch {
    return this.#change(batch, random);
  }

  /** `randomHorizontalFlip()`. */
  toString(): string {
    return this.#text;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.#text;
  }

  #read(images: unknown): Pictures {
    if (!isTensor(images))
      throw new ArgumentError(`${this.#text}: expects images as a tensor; got ${describeValue(images)}`);
    checkImages(this.#text, images.shape);
    const [count, channels, height, width] = images.shape as readonly [number, number, number, number];
    return picturesOf(images, { count, channels, height, width });
  }
}

/** Masks as whole numbers, `[count, height, width]`; the pictures are used up. */
function classesOf({ pixels, values, count, height, width }: Pictures): Tensor {
  const classes = tensor(new Int32Array(values), { shape: [count, height, width] });
  pixels.dispose();
  return classes;
}

/** A copy that transforms may write into. */
function ownValues(given: Tensor): Float32Array {
  const values = given.toTypedArray();
  return values instanceof Float32Array ? values : new Float32Array(values);
}

/** Says so where samples are no images. */
export function checkImages(operation: string, shape: Shape): void {
  if (shape.length === 4) return;
  throw new ShapeError(
    `${operation}: transforms images [N, C, H, W] or [C, H, W]; got ${describeShape(shape)}${shape.length === 2 ? ", points or rows of numbers" : ""}`,
  );
}

/**
 * One transform after the other.
 *
 * @throws ArgumentError where one of them is no transform.
 * @example
 * const augment = data.transforms.compose(data.transforms.randomCrop(28, { padding: 2 }), data.transforms.gaussianNoise(0.05));
 */
export function compose(...transforms: readonly Transform[]): Transform {
  for (const one of transforms)
    if (!(one instanceof Transform))
      throw new ArgumentError(
        `compose: takes transforms, such as data.transforms.randomRotation(10); got ${describeValue(one)}${typeof one === "function" ? "; call it" : ""}`,
      );
  return new Transform(`compose(${transforms.join(", ")})`, (batch, random) =>
    transforms.reduce((changed, transform) => transform.change(changed, random), batch),
  );
}
