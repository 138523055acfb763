/**
 * Animations: one PNG that moves (in browsers, JupyterLab and nbconvert's pages) and shows the result, its last frame, where
 * nothing can (PDF), and the frames with a slider as a Vega-Lite chart, for front ends that draw those. No kernel is needed for either.
 */
import { type Displayable, displayable, type MimeBundle, pictureBundle } from "../mime.ts";
import { themed } from "./chart.ts";
import { type Animation, draw } from "./drawing.ts";

export interface AnimationOptions {
  secondsPerFrame: number;
  /** What the slider counts, such as `step`. */
  step: string;
}

/** An animation may weigh this much; the slider, which needs each frame whole, is left out where it would be heavier. */
export const mostAnimationBytes = 1_000_000;

/** Longer animations stop here, those of large boards sooner: each 1,000 cells take a fifth of a second. */
const mostFrames = 49;
const fewestFrames = 4;
const mostCells = 12_000;

/** The steps that an animation of so many shows, with a board of `cells` in each, and the words for what it leaves out. */
export function stepsShown(count: number, cells: number): { steps: number[]; note: string } {
  const affordable = Math.max(fewestFrames, Math.min(mostFrames, Math.floor(mostCells / cells)));
  const steps = Array.from({ length: Math.min(affordable, count) }, (_, i) => i);
  const note = steps.length < count ? ` The first ${steps.length} of ${count} steps are shown.` : "";
  return { steps, note };
}

/** Frames one after the other as a display that states its result in `text`. */
export function animation(frames: Animation["frames"], text: string, options: AnimationOptions): Displayable {
  const { secondsPerFrame, step } = options;
  return displayable(text, () => animationBundle({ kind: "animation", frames, secondsPerFrame }, text, step));
}

/** A parameter `step` of a chart, with a slider from 1 to `count`, at whose end it stands; `name` says what it counts. */
export const stepSlider = (count: number, name: string) => ({
  name: "step",
  value: count,
  bind: { input: "range", min: 1, max: count, step: 1, name: `${name} ` },
});

function animationBundle(drawing: Animation, text: string, step: string): MimeBundle {
  const image = draw(drawing);
  if ("spec" in drawing.frames) return pictureBundle(image, text, drawing.frames.spec);
  const { patches = [], width, height } = image;
  const place = (field: string) => ({ field, type: "quantitative", scale: null, axis: null });
  const spec = themed(
    {
      width,
      height,
      padding: 0,
      params: [stepSlider(patches.length, step)],
      // Each step is laid over those before it.
      data: {
        values: patches.map(({ png, x, y, width, height }, i) => ({
          step: i + 1,
          ...{ left: x, right: x + width, top: y, bottom: y + height },
          url: `data:image/png;base64,${png}`,
        })),
      },
      transform: [{ filter: "datum.step <= step" }],
      // The words for screen readers are the whole chart's: of a part they would be where it lies.
      mark: { type: "image", aspect: false, aria: false },
      encoding: {
        url: { field: "url" },
        ...{ x: place("left"), x2: { field: "right" }, y: place("top"), y2: { field: "bottom" } },
      },
    },
    text,
  );
  const bytes = image.png.length + patches.reduce((sum, { png }) => sum + png.length, 0);
  return pictureBundle(image, text, bytes < mostAnimationBytes ? spec : undefined);
}
