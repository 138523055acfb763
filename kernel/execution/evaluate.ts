// Evaluates JavaScript as a REPL does, through the main thread's own inspector: variables live on between cells,
// `const` and `class` may be declared again, closures see the newest value, `await` stands anywhere.

import { type Runtime, Session } from "node:inspector";

export type Evaluated =
  | { kind: "value"; value: unknown }
  | { kind: "thrown"; error: unknown }
  /** Stopped by `Runtime.terminateExecution`, before or after an await. */
  | { kind: "terminated" };

/** The value in V8's record of an awaited evaluation; any other value as it is. */
function unwrap(value: unknown): unknown {
  const isRecord = typeof value === "object" && value !== null && Object.hasOwn(value, ".repl_result");
  return isRecord ? Reflect.get(value, ".repl_result") : value;
}

// A value leaves the inspector through a call on this object. Remote handles keep their objects alive until they
// are released; all that an evaluation makes belong to one group, which is released before anyone sees the value.
const group = "nnlab-cell";
const holder: { value: unknown } = { value: undefined };

export class Evaluator {
  readonly #session = new Session();
  readonly #holder: string;

  constructor() {
    this.#session.connect();
    const name = "nnlabEvaluatorHolder";
    Object.defineProperty(globalThis, name, { value: holder, configurable: true });
    let id: string | undefined;
    this.#session.post("Runtime.evaluate", { expression: name }, (_error, reply) => {
      id = reply?.result.objectId;
    });
    Reflect.deleteProperty(globalThis, name);
    if (id === undefined) throw new Error("the inspector of this Node does not answer");
    this.#holder = id;
  }

  /**
   * Runs `javascript`; `settled` is called once, when the code has finished and a promise it ends in has settled -
   * never, if an interrupt terminates it after its first await. It may be called before `evaluate` returns.
   */
  evaluate(javascript: string, settled: (result: Evaluated) => void): void {
    this.#session.post(
      "Runtime.evaluate",
      { expression: javascript, replMode: true, objectGroup: group },
      (error, reply) => {
        if (error || !reply) return settled({ kind: "terminated" });
        // The types of Node do not know `replMode`, and so not what comes back.
        const outcome = this.#outcome(reply as Runtime.EvaluateReturnType);
        if (outcome.kind !== "value") return settled(outcome);
        // Code with a top-level await gives a promise of a record. It is awaited here, not by `awaitPromise`: when a
        // promise that never settles is collected, the inspector would answer from the collector, and V8 aborts.
        Promise.resolve(outcome.value).then(
          (value) => settled({ kind: "value", value: unwrap(value) }),
          (thrown) => settled({ kind: "thrown", error: thrown }),
        );
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
