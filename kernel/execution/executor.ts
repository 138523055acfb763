// Runs cells on the main thread, one after the other. What must survive an interrupt lives in callbacks, not behind
// an await: terminating a microtask drops all the microtasks that wait, ours too.

import { setImmediate, setTimeout } from "node:timers";
import type { MessagePort } from "node:worker_threads";
import { connectDisplay, DisplayHandle, toBundle } from "../display.ts";
import type { Backlog } from "./backlog.ts";
import { type Cell, createCell, currentCell, runInCell } from "./cell.ts";
import { connectComms, receiveComm } from "./comms.ts";
import { type Evaluated, Evaluator } from "./evaluate.ts";
import { tidyGarbage } from "./garbage.ts";
import {
  delivered,
  InterruptedError,
  isTerminating,
  leftBehind,
  takeStopSite,
  terminated,
  terminatedCell,
} from "./interrupt.ts";
import type { ExecuteOrder, Failure, FromMain, Outcome, PublishedMessage, ToMain } from "./messages.ts";
import { interruptFailure, interruptName } from "./messages.ts";
import { AbandonedError } from "./output.ts";
import { forgetThrown } from "./thrown.ts";
import { advice, type CellSource, formatError, installStackTraces } from "./traceback.ts";

/** Errors outside the flow of one cell that are shown; an interval can throw for ever. */
const shownFailures = 20;

// Taken before the user's code can replace it, and not one of the timers that an interrupt removes.
const afterRejections = setImmediate;
const laterThanSteps = setTimeout;

/** How long functions may take to end by themselves, counted from when the event loop turns. */
const stepMilliseconds = 50;

export class Executor {
  readonly #port: MessagePort;
  readonly #backlog: Backlog;
  readonly #evaluator = new Evaluator();
  readonly #sources = new Map<string, CellSource>();
  readonly #exit: (code: number) => void;
  #running: { cell: Cell; order: ExecuteOrder; failure: Failure | null } | null = null;
  /** For the message of a comm that is being handled; what is still here when the next message comes was terminated. */
  #handling: Cell | null = null;

  constructor(port: MessagePort, backlog: Backlog, exit: (code: number) => void) {
    this.#port = port;
    this.#backlog = backlog;
    this.#exit = exit;
    installStackTraces(this.#sources);
    connectComms(port);
    connectDisplay({
      publish: (cell, message, content) => this.#publish(cell, message, content),
      failed: (cell, error) => this.#failed(cell, error),
    });
    process.on("uncaughtException", (error) => this.#failed(currentCell(), error));
    process.on("unhandledRejection", (reason) =>
      this.#failed(currentCell(), reason, "nothing awaits this promise: put await before it"),
    );
  }

  receive(message: ToMain): void {
    this.#tellTerminated();
    if (message.type === "execute") this.#execute(message);
    else if (message.type === "ping") this.#post({ type: "pong", number: message.number });
    else if (message.type === "interrupt") this.#interrupt(message.cell);
    else if (message.type === "abandon") {
      this.#abandon(message.cell);
      this.#evaluator.reset();
    } else if (message.type === "comm") this.#comm(message);
    else this.#exit(0);
  }

  #post(message: FromMain): void {
    this.#port.postMessage(message);
  }

  #publish(cell: Cell, message: PublishedMessage, content: string): void {
    if (cell.abandoned) throw new AbandonedError();
    this.#post({ type: "publish", cell: cell.id, message, content, after: this.#backlog.position() });
    this.#backlog.add(cell, content);
  }

  #execute(order: ExecuteOrder): void {
    const { cell: id, name, executionCount, allowStdin, code, sourceMap } = order;
    const cell = createCell(id, name, { executionCount, allowStdin });
    this.#running = { cell, order, failure: null };
    forgetThrown();
    this.#sources.set(name, { source: code, sourceMap });
    runInCell(cell, () =>
      this.#evaluator.evaluate(order.javascript, (result) =>
        runInCell(cell, () => this.#evaluated(cell, order, result)),
      ),
    );
  }

  #evaluated(cell: Cell, order: ExecuteOrder, result: Evaluated): void {
    if (cell.settled) return;
    if (result.kind === "terminated") this.#abandon(cell.id);
    else if (result.kind === "thrown") {
      this.#end(cell);
      this.#settleLater(cell, this.#error(result.error));
    } else
      this.#complete(cell, order, result.value).then(
        (outcome) => this.#settleLater(cell, outcome),
        (error) => this.#settleLater(cell, this.#error(error)),
      );
  }

  /** Shows the value of the cell's last expression. */
  async #complete(cell: Cell, order: ExecuteOrder, completion: unknown): Promise<Outcome> {
    const value = await completion;
    this.#end(cell);
    while (cell.displays.size > 0) await Promise.all(cell.displays);
    let text: string | null = null;
    if (value !== undefined && !(value instanceof DisplayHandle)) {
      const { data, metadata } = await toBundle(value);
      text = String(data["text/plain"]);
      const content = { execution_count: order.executionCount, data, metadata };
      this.#publish(cell, "execute_result", JSON.stringify(content));
    }
    const expressions: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(order.userExpressions))
      expressions[name] = await this.#expression(expression);
    return { status: "ok", expressions, text };
  }

  /** Lets pictures that follow the cell's code show how it ended. */
  #end(cell: Cell): void {
    for (const ending of cell.endings) {
      try {
        ending();
      } catch (error) {
        this.#failed(cell, error);
      }
    }
    cell.endings.clear();
  }

  #expression(expression: string): Promise<unknown> {
    const error = (thrown: unknown) => ({ status: "error", ...formatError(thrown, this.#sources) });
    return new Promise((resolve) => {
      this.#evaluator.evaluate(expression, (result) => {
        if (result.kind === "terminated") resolve({ status: "error", ...interruptFailure() });
        else if (result.kind === "thrown") resolve(error(result.error));
        else
          Promise.resolve(result.value)
            .then(toBundle)
            .then((bundle) => resolve({ status: "ok", ...bundle }))
            .catch((thrown) => resolve(error(thrown)));
      });
    });
  }

  #error(error: unknown): Outcome {
    return { status: "error", shown: false, ...formatError(error, this.#sources) };
  }

  /** Node reports promises that were rejected unseen only after the microtasks; they still fail this cell. */
  #settleLater(cell: Cell, outcome: Outcome): void {
    afterRejections(() => this.#settle(cell, outcome));
  }

  #settle(cell: Cell, outcome: Outcome): void {
    if (cell.settled) return;
    cell.settled = true;
    const failure = this.#running?.cell === cell ? this.#running.failure : null;
    this.#running = null;
    if (outcome.status === "ok" && failure) outcome = { status: "error", shown: true, ...failure };
    if (outcome.status === "error" && outcome.ename === interruptName) this.#silence(cell);
    this.#post({ type: "done", cell: cell.id, outcome });
    tidyGarbage();
  }

  /**
   * Ends what the running cell waits for. Its functions' sleeps come first, and a training meets the flag; then its top
   * level: what functions have to put right, and to print, is done when the cell ends.
   */
  #interrupt(id: number): void {
    const cell = this.#running?.cell;
    // Code of a timer, perhaps, that did not let this be heard before it was ended: the cell is given up, with its place.
    if (cell?.id !== id || cell.settled || isTerminating()) return;
    if (cell.sleeps.size > 0) delivered();
    for (const end of cell.sleeps) end((site) => new InterruptedError(site));
    cell.sleeps.clear();
    laterThanSteps(() => {
      if (cell.settled || cell.abandoned || !cell.waiting || isTerminating()) return;
      delivered();
      cell.waiting.reject(new InterruptedError(cell.waiting.site));
    }, stepMilliseconds);
  }

  /** Gives the running cell up: nothing of it prints or continues any more. */
  #abandon(id: number): void {
    const cell = this.#running?.cell;
    if (cell?.id !== id || cell.settled) return;
    terminated();
    this.#silence(cell);
    const stopped = new InterruptedError(takeStopSite() ?? cell.waiting?.site ?? "");
    this.#settle(cell, { status: "error", shown: false, ...formatError(stopped, this.#sources) });
  }

  /** Code beside the running cell was terminated: a control's, or a timer's that its cell has left. */
  #tellTerminated(): void {
    const handled = this.#handling;
    const cell = handled ?? terminatedCell();
    if (!cell || cell === this.#running?.cell) return;
    this.#handling = null;
    terminated();
    const failure = formatError(new InterruptedError(takeStopSite() ?? ""), this.#sources);
    if (!cell.abandoned) {
      this.#publish(cell, "error", JSON.stringify(failure));
      runInCell(cell, () => {
        for (const tell of cell.stops) tell(failure);
      });
    }
    this.#silence(cell);
    if (handled)
      this.#post({ type: "done", cell: cell.id, outcome: { status: "error", shown: true, ...failure } });
  }

  #silence(cell: Cell): void {
    cell.abandoned = true;
    leftBehind(() => currentCell().abandoned);
    for (const cleanup of cell.cleanups) cleanup();
    cell.cleanups.clear();
  }

  /** An error of a timer, or of a promise that nobody awaits: shown with its cell, and the kernel lives on. */
  #failed(cell: Cell, error: unknown, hint?: string): void {
    if (cell.abandoned) return;
    cell.failures++;
    if (cell.failures > shownFailures) return;
    const failure = formatError(error, this.#sources);
    if (hint !== undefined) failure.traceback.push(advice(hint));
    if (cell.failures === shownFailures)
      failure.traceback.push(`Further errors of ${cell.name} outside its own flow are not shown.`);
    if (this.#running?.cell === cell) this.#running.failure ??= failure;
    this.#publish(cell, "error", JSON.stringify(failure));
  }

  #comm(event: Extract<ToMain, { type: "comm" }>): void {
    const cell = createCell(event.cell, "comm", { executionCount: 0, allowStdin: false });
    this.#handling = cell;
    runInCell(cell, () => {
      try {
        receiveComm(event);
      } catch (error) {
        this.#failed(cell, error);
      }
    });
    this.#handling = null;
    // Where cells are told apart only by which came last.
    if (this.#running) runInCell(this.#running.cell, () => undefined);
    this.#post({ type: "done", cell: event.cell, outcome: { status: "ok", expressions: {}, text: null } });
  }
}
