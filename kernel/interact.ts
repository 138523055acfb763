// `interact`: sliders, menus, tick boxes and a play button that draw a picture anew. The controls are Jupyter's own widgets
// (models of @jupyter-widgets/controls, over comms), so that no front end needs anything of ours; the picture is an ordinary
// output, so that it stays in the notebook when the kernel is gone. A client that cannot ask anybody for input, such as nbconvert,
// has nobody who would move a control either: it gets the picture alone, and its pages neither fetch scripts nor show dead controls.

import { type DisplayHandle, display, displaySymbol } from "./display.ts";
import { currentCell } from "./execution/cell.ts";
import { type Comm, openComm } from "./execution/comms.ts";
import type { Failure } from "./execution/messages.ts";

/** What a control lets the reader choose; see `interact`. */
export type Control =
  | readonly [low: number, high: number]
  | readonly [low: number, high: number, step: number]
  | readonly string[]
  | boolean
  | Play;

/** A play button beside a slider over 0, 1, … `play` − 1. */
export interface Play {
  /** How many steps there are. */
  readonly play: number;
  /** How long each stays, half a second unless told. */
  readonly secondsPerStep?: number;
}

/** The value that a control gives. */
export type Chosen<C extends Control> = C extends boolean
  ? boolean
  : C extends readonly (infer Option extends string)[]
    ? Option
    : number;

const version = "2.0.0";
const widgetMime = "application/vnd.jupyter.widget-view+json";

type State = Record<string, unknown>;

/** Whether the client of this cell asks a person for input when the cell wants some. */
const somebodyIsThere = (): boolean => currentCell().allowStdin;

/** One model of the front end, kept in step with it; where nobody is there, only its state. */
class Widget {
  readonly state: State;
  readonly #comm: Comm | null = null;

  constructor(name: string, state: State, changed: (state: State) => void = () => undefined) {
    const module = "@jupyter-widgets/controls";
    this.state = {
      _model_module: module,
      _model_module_version: version,
      _model_name: `${name}Model`,
      ...(name === "Link"
        ? {}
        : { _view_module: module, _view_module_version: version, _view_name: `${name}View` }),
      ...state,
    };
    if (!somebodyIsThere()) return;
    const opened = { state: this.state, buffer_paths: [] };
    const comm = openComm("jupyter.widget", opened, { metadata: { version: "2.1.0" } });
    this.#comm = comm;
    comm.onMessage = ({ data }) => {
      const { method, state: news } = data as { method?: unknown; state?: State };
      // A page that was loaded anew asks for the state.
      if (method === "request_state") comm.send({ method: "update", state: this.state, buffer_paths: [] });
      if (method !== "update" || typeof news !== "object") return;
      Object.assign(this.state, news);
      changed(this.state);
    };
  }

  /** How other models name this one. */
  get reference(): string {
    return `IPY_MODEL_${this.id}`;
  }

  get id(): string {
    return this.#comm?.id ?? "";
  }

  close(): void {
    this.#comm?.close();
  }
}

/** A control's widgets, and its value. */
interface Made {
  readonly widgets: readonly Widget[];
  readonly value: () => unknown;
}

function make(name: string, control: Control, changed: () => void): Made {
  const what = `interact: ${name}`;
  const label = { description: name, style: null, layout: null };
  if (typeof control === "boolean") {
    const box = new Widget("Checkbox", { ...label, value: control, indent: true }, changed);
    return { widgets: [box], value: () => box.state.value };
  }
  if (isPlay(control)) return makePlay(name, control, changed);
  if (!Array.isArray(control) || control.length === 0)
    throw new TypeError(
      `${what} must be [low, high], [low, high, step], a list of texts, true or false, or { play: steps }; got ${String(control)}`,
    );
  if (control.every((option): option is string => typeof option === "string")) {
    const menu = new Widget("Dropdown", { ...label, _options_labels: control, index: 0 }, changed);
    return { widgets: [menu], value: () => control[Number(menu.state.index ?? 0)] };
  }
  const [low, high, step, ...more] = control as number[];
  const numbers = [low, high, ...(step === undefined ? [] : [step])];
  if (
    more.length > 0 ||
    !numbers.every(Number.isFinite) ||
    low! >= high! ||
    (step !== undefined && step <= 0)
  )
    throw new RangeError(
      `${what} must be [low, high] or [low, high, step] with low < high and a step above 0; got [${control.join(", ")}]`,
    );
  const whole = numbers.every(Number.isInteger) && (step !== undefined || high! - low! > 1);
  const width = step ?? (whole ? 1 : (high! - low!) / 100);
  const middle = low! + Math.round((high! - low!) / 2 / width) * width;
  const slider = new Widget(
    whole ? "IntSlider" : "FloatSlider",
    {
      ...label,
      min: low,
      max: high,
      step: width,
      value: middle,
      readout: true,
      ...(whole ? {} : { readout_format: ".3g" }),
    },
    changed,
  );
  return { widgets: [slider], value: () => Number(slider.state.value) };
}

const isPlay = (control: Control): control is Play =>
  typeof control === "object" && control !== null && "play" in control;

function makePlay(name: string, { play: steps, secondsPerStep = 0.5 }: Play, changed: () => void): Made {
  if (!Number.isInteger(steps) || steps < 1 || !(secondsPerStep > 0))
    throw new RangeError(
      `interact: ${name} must be { play: steps } with a whole number of steps from 1, and secondsPerStep above 0; got play ${steps}, secondsPerStep ${secondsPerStep}`,
    );
  const range = { min: 0, max: steps - 1, step: 1, value: 0 };
  const button = new Widget("Play", { ...range, interval: 1000 * secondsPerStep, show_repeat: true });
  const slider = new Widget("IntSlider", { ...range, description: name, readout: true }, changed);
  // The front end moves the slider itself: no message is needed for a step.
  new Widget("Link", { source: [button.reference, "value"], target: [slider.reference, "value"] });
  return { widgets: [button, slider], value: () => Number(slider.state.value) };
}

/**
 * Shows controls, and below them what `draw` makes of their values, anew whenever one is moved.
 *
 * A control is `[low, high]` or `[low, high, step]` (a slider that starts in the middle, over whole numbers where all are whole and
 * more than 1 apart), a list of texts (a menu), `true` or `false` (a tick box) or `{ play: steps }` (a play button over 0, 1, …).
 * What was drawn last stays in the notebook when the kernel is gone, with the values under which it was drawn; run the cell again to move
 * it. Under nbconvert, papermill and nbgrader, where nobody could move a control, the picture stands alone, at the controls' first
 * values. Throws a TypeError or RangeError for a control that is none.
 *
 * @example
 * interact({ frequency: [1, 20], kind: ["sine", "square"] }, ({ frequency, kind }) => {
 *   const wave = linspace(0, 2 * Math.PI, 200).mul(frequency).sin();
 *   return show.tensor(kind === "sine" ? wave : wave.sign());
 * });
 */
export function interact<const Controls extends Readonly<Record<string, Control>>>(
  controls: Controls,
  draw: (values: { readonly [Name in keyof Controls]: Chosen<Controls[Name]> }) => unknown,
): void {
  if (typeof controls !== "object" || controls === null || Object.keys(controls).length === 0)
    throw new TypeError("interact: expected controls such as { rate: [0, 1] }, and a function that draws");
  if (typeof draw !== "function")
    throw new TypeError(
      "interact: expected a function that draws, such as ({ rate }) => show.curves(…), after the controls",
    );
  let picture: DisplayHandle | null = null;
  const redraw = () => {
    const { stops } = currentCell();
    const stopped = ({ ename, evalue }: Failure) => picture?.update(asText(`${ename}: ${evalue}`));
    stops.add(stopped);
    picture?.update(drawn());
    stops.delete(stopped);
  };
  const made = new Map<string, Made>();
  const values = () => Object.fromEntries(Array.from(made, ([name, { value }]) => [name, value()]));
  const drawn = () => {
    try {
      return draw(values() as Parameters<typeof draw>[0]);
    } catch (error) {
      // The first time it is the cell's own error; later, the place of the picture says what is wrong.
      if (picture === null) throw error;
      return asText(error instanceof Error ? `${error.name}: ${error.message}` : `Error: ${String(error)}`);
    }
  };
  let first: unknown;
  try {
    for (const [name, control] of Object.entries(controls)) made.set(name, make(name, control, redraw));
    first = drawn();
  } catch (error) {
    for (const { widgets } of made.values()) for (const widget of widgets) widget.close();
    throw error;
  }
  const rows = Array.from(made.values(), ({ widgets }) =>
    widgets.length === 1
      ? widgets[0]!
      : new Widget("HBox", { children: widgets.map(({ reference }) => reference) }),
  );
  const box = new Widget("VBox", { children: rows.map(({ reference }) => reference) });
  const text = Object.entries(values())
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(", ");
  const view = { [widgetMime]: { version_major: 2, version_minor: 0, model_id: box.id } };
  display({
    [displaySymbol]: () => ({ data: { ...(somebodyIsThere() ? view : {}), "text/plain": text } }),
  });
  picture = display(first);
}

/** A line of text as a display. */
function asText(text: string): object {
  return { [displaySymbol]: () => ({ data: { "text/plain": text } }) };
}
