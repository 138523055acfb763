/** What a picture is to Jupyter: a MIME bundle. Knows the bundle's rules, not how pictures are made. */

/** The same result in several formats; a front end shows the richest it knows. */
export interface MimeBundle {
  data: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}

/** The method by which any object shows itself in a notebook. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** An object that shows itself: what every `show.*` function returns. */
export interface Displayable {
  [displaySymbol](): MimeBundle;
  /** The result as one sentence. */
  toString(): string;
}

/** Where bundles go: `display` adds an output, `update` replaces every output that has this id. */
export interface Publisher {
  display(bundle: MimeBundle, id?: string): void;
  update(bundle: MimeBundle, id: string): void;
  /** Has the cell that runs now call `last` when its code has ended, before it counts as done; once, however often asked. */
  atEnd(last: () => void): void;
}

/** An encoded picture; width and height are in CSS pixels, the PNG has twice as many. */
export interface DrawnImage {
  png: string;
  width: number;
  height: number;
  /** Of an animation, the first frame, and for each further one what to lay over those before. */
  patches?: readonly DrawnPatch[];
}

/** A part of a picture, and where it lies; in CSS pixels, halves of them too. */
export interface DrawnPatch {
  png: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export const VEGALITE_MIME = "application/vnd.vegalite.v5+json";

/** The bundle of a picture: PNG with its size and text alternative, the sentence, and the chart where there is one. */
export function pictureBundle(image: DrawnImage, text: string, spec?: object): MimeBundle {
  const { png, width, height } = image;
  return {
    data: {
      ...(spec ? { [VEGALITE_MIME]: spec } : {}),
      "image/png": png,
      "text/plain": text,
    },
    metadata: { "image/png": { width, height, alt: text } },
  };
}

/** A displayable whose bundle is made when it is shown; `text` is its sentence. */
export function displayable(text: string, bundle: () => MimeBundle): Displayable {
  return { [displaySymbol]: bundle, toString: () => text };
}
