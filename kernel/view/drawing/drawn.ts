/** A displayable that the drawing thread draws: at once when it is shown, or meanwhile, where a training must not wait. */
import {
  type Displayable,
  type DrawnImage,
  displaySymbol,
  type MimeBundle,
  pictureBundle,
  VEGALITE_MIME,
} from "../mime.ts";
import { type Drawing, draw, drawMeanwhile } from "./drawing.ts";

export class Drawn implements Displayable {
  readonly #drawing: Drawing;
  readonly #text: string;

  constructor(drawing: Drawing, text: string) {
    this.#drawing = drawing;
    this.#text = text;
  }

  /** Picture, chart and text. Where a chart cannot be drawn here, its specification and the text remain. */
  [displaySymbol](): MimeBundle {
    if (this.#drawing.kind !== "chart") return pictureBundle(draw(this.#drawing), this.#text);
    const { spec } = this.#drawing;
    let image: DrawnImage;
    try {
      image = draw(this.#drawing);
    } catch {
      return { data: { [VEGALITE_MIME]: spec, "text/plain": this.#text } };
    }
    return pictureBundle(image, this.#text, spec);
  }

  /** Draws a frame, the picture alone, without waiting; `done` gets it with the drawing thread's milliseconds, or null. */
  frame(done: (bundle: MimeBundle | null, milliseconds: number) => void): void {
    drawMeanwhile(
      this.#drawing,
      (image) => done(pictureBundle(image, this.#text), image.milliseconds),
      () => done(null, 0),
    );
  }

  toString(): string {
    return this.#text;
  }
}
