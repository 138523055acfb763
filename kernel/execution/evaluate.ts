// Evaluates JavaScript as a REPL does, through the main thread's own inspector: variables live on between cells,
// `const` and `class` may be declared again, closures see the newest value, `await` stands anywhere.

import { type Runtime, Session } from "node:inspector";

export type Evaluated =
  | { kind: "value"; value: unknown }
  | { kind: "thrown"; error: unknown }
  /** Stopped by `Runtime.terminateExecution`, before or after an await. */
  | { kind: "terminated" };

// A value leaves the inspector through a call on this object. Remote handles keep their objects alive until they
// are released; all that an evaluation makes belong to one group, which is released before anyone sees the value.
const group = "nnlab-cell";
const holder: { value: unknown } = { value: undefined };

export class Evaluator {
  #session = new Session();
  #holder: string;

  constructor() {
    this.#holder = this.#connect();
  }

  /**
   * Forgets evaluations that will never settle. REPL mode always awaits: when the promise of an abandoned cell is
   * collected as garbage, the inspector would answer from within the collector, and V8 aborts the process.
   */
  reset(): void {
    this.#session.disconnect();
    this.#session = new Session();
    this.#holder = this.#connect();
  }

  #connect(): string {
    this.#session.connect();
    const name = "nnlabEvaluatorHolder";
    Object.defineProperty(globalThis, name, { value: holder, configurable: true });
    let id: string | undefined;
    this.#session.post("Runtime.evaluate", { expression: name }, (_error, reply) => {
      id = reply?.result.objectId;
    });
    Reflect.deleteProperty(globalThis, name);
    if (id === undefined) throw new Error("the inspector of this Node does not answer");
    return id;
  }

  /**
   * Runs `javascript`; `settled` is called once, when the code has finished and a promise it ends in has settled -
   * never, if an interrupt terminates it after its first await. It may be called before `evaluate` returns.
   */
  evaluate(javascript: string, settled: (result: Evaluated) => void): void {
    this.#session.post(
      "Runtime.evaluate",
      { expression: javascript, replMode: true, awaitPromise: true, objectGroup: group },
      (error, reply) => {
        if (error || !reply) return settled({ kind: "terminated" });
        // The types of Node do not know `replMode`, and so not what comes back.
        settled(this.#outcome(reply as Runtime.EvaluateReturnType));
      },
    );
  }

  #outcome({ result, exceptionDetails }: Runtime.EvaluateReturnType): Evaluated {
    if (!exceptionDetails) return { kind: "value", value: this.#receive(result) };
    const { exception, text } = exceptionDetails;
    return { kind: "thrown", error: exception ? this.#receive(exception) : new Error(text) };
  }

  /** The object behind a remote handle. */
  #receive(remote: Runtime.RemoteObject): unknown {
    const { objectId, unserializableValue, value } = remote;
    if (objectId === undefined && unserializableValue === undefined) return value;
    this.#session.post("Runtime.callFunctionOn", {
      objectId: this.#holder,
      functionDeclaration: "function (value) { this.value = value; }",
      arguments: [
        objectId !== undefined ? { objectId } : { unserializableValue: unserializableValue ?? "undefined" },
      ],
      silent: true,
      returnByValue: true,
    });
    this.#session.post("Runtime.releaseObjectGroup", { objectGroup: group });
    const received = holder.value;
    holder.value = undefined;
    return received;
  }
}
