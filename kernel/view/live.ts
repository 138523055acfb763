/**
 * Pictures that are drawn anew while a training goes on. Frames are made so seldom that making them costs the thread that
 * trains at most 1 % of its time; they are drawn in the drawing thread, also while a loop never waits. When the cell ends, the picture shows how it ended.
 */
import { randomUUID } from "node:crypto";
import { ArgumentError, describeValue } from "../../engine/errors.ts";
import { receiveDrawings } from "./drawing/drawing.ts";
import { Drawn } from "./drawing/drawn.ts";
import { FrameLimiter } from "./drawing/limiter.ts";
import { type Displayable, displaySymbol, type MimeBundle, type Publisher } from "./mime.ts";

export interface LiveOptions {
  /** Publish frames; else only the picture at the end of the cell. */
  live: boolean;
  /** Milliseconds; replaced in tests. */
  now?: () => number;
}

interface Stage extends Required<LiveOptions> {
  publisher: Publisher;
}

let stage: Stage | null = null;

/** Where live pictures are shown; before it is called they are shown only when somebody displays them. */
export function showLivePictures(publisher: Publisher, options: LiveOptions): void {
  stage = { publisher, now: () => performance.now(), ...options };
}

/** The drawing thread has a processor of its own as a rule, so its time weighs less than that of the thread that trains. */
const DRAWING_WEIGHT = 0.1;

/** A picture that can be drawn anew: see {@link live}. */
export class LivePicture implements Displayable {
  readonly #make: () => Displayable;
  readonly #id = randomUUID();
  readonly #limiter = new FrameLimiter();
  #shown = false;
  /** The picture could not be made the last time: the cell has an error to show already. */
  #broken = false;
  /** Frames of a picture that has been finished since then come too late. */
  #generation = 0;

  /** @internal Use `show.live(() => …)`. */
  constructor(make: () => Displayable) {
    this.#make = make;
  }

  /** Draws the picture anew if it is time: call it after every step, or pass it on: `registerStepPostHook(picture.update)`. */
  readonly update = (): void => {
    if (stage === null) return;
    const { publisher, now, live } = stage;
    publisher.atEnd(this.#finish);
    if (!live) return;
    receiveDrawings();
    const start = now();
    if (!this.#limiter.start(start)) return;
    this.#broken = true;
    try {
      const shown = this.#made();
      this.#broken = false;
      this.#showFrame(publisher, shown, now() - start);
    } finally {
      if (this.#broken) this.#limiter.finish(null);
    }
  };

  #showFrame(publisher: Publisher, shown: Displayable, making: number): void {
    if (!this.#shown) publisher.display({ data: { "text/plain": String(shown) } }, this.#id);
    this.#shown = true;
    const generation = this.#generation;
    const done = (bundle: MimeBundle | null, milliseconds: number): void => {
      this.#limiter.finish(Math.max(making, DRAWING_WEIGHT * milliseconds));
      if (bundle !== null && generation === this.#generation) publisher.update(bundle, this.#id);
    };
    if (shown instanceof Drawn) shown.frame(done);
    else done(shown[displaySymbol](), 0);
  }

  /** The picture of this moment. */
  [displaySymbol](): MimeBundle {
    return this.#made()[displaySymbol]();
  }

  /** The sentence of this moment. */
  toString(): string {
    return String(this.#made());
  }

  readonly #finish = (): void => {
    if (stage === null || this.#broken) return;
    this.#generation++;
    const bundle = this[displaySymbol]();
    if (this.#shown) stage.publisher.update(bundle, this.#id);
    else stage.publisher.display(bundle, this.#id);
    this.#shown = true;
  };

  #made(): Displayable {
    const shown: unknown = this.#make();
    if (typeof shown === "object" && shown !== null && displaySymbol in shown) return shown as Displayable;
    throw new ArgumentError(
      `show.live: expected a function that returns a picture, such as () => show.curves(history); it returned ${describeValue(shown)}`,
    );
  }
}

/**
 * Draws a picture anew while you train: `picture.update()` after every step draws it in the same place, as often as takes at
 * most 1 % of the training's time, and once more when the cell has ended.
 *
 * `make` is a function that makes the picture from how things are; it runs between two steps. In `fit`, have the optimizer call
 * `update`. Throws an ArgumentError where `make` is no function or returns no picture.
 *
 * @example
 * const picture = show.live(() => show.decisionBoundary(model, data.moons(), { resolution: 60 }));
 * for (const [x, y] of loader) { nn.crossEntropy(model(x), y).backward(); optimizer.step(); picture.update(); }
 *
 * @example
 * optimizer.registerStepPostHook(picture.update);
 */
export function live(make: () => Displayable): LivePicture {
  if (typeof make === "function") return new LivePicture(make);
  throw new ArgumentError(
    `show.live: expected a function that makes the picture, () => show.curves(history), got ${describeValue(make)}`,
  );
}
