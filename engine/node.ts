/** What Node adds to the engine: the fast backend, and ways to find out which tensors are reachable. Node only: never loaded in browsers. */
import { Session } from "node:inspector";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { createContext, runInContext, Script } from "node:vm";
import type { Backend } from "./backend/backend.ts";
import { setDefaultBackend } from "./backend/current.ts";
import { referenceBackend } from "./backend/reference.ts";
import { createWasmBackend } from "./backend/wasm.ts";
import { type Collector, type Holder, setCollector, setLivenessProbe } from "./memory.ts";
import { Tensor } from "./tensor.ts";

const found: string[] = [];

/** What kept the engine from its best backend; for `nnlab doctor`. */
export function startupProblems(): readonly string[] {
  return found;
}

/** The WASM backend; the reference backend where `NNLAB_BACKEND=reference` asks for it or WASM cannot start. */
function makeBackend(): Backend {
  if (process.env.NNLAB_BACKEND === "reference") return referenceBackend;
  try {
    const backend = createWasmBackend();
    found.push(...backend.problems);
    return backend;
  } catch (error) {
    found.push(`the slow reference backend is in use: ${error instanceof Error ? error.message : error}`);
    return referenceBackend;
  }
}

/** Where the inspector and this module meet, while a question is asked. */
const meeting = Symbol.for("nnlab.liveness");

/**
 * V8's own `gc`, from a context with a queue of microtasks of its own: when code there ends, its (empty) queue is run, and V8
 * forgets what the turn of the event loop has to keep for WeakRefs, as after any microtasks. Nothing of the program runs.
 */
function makeCollector(): Collector {
  let context: object | null = null;
  const inContext = (): object => {
    if (context !== null) return context;
    setFlagsFromString("--expose-gc");
    context = createContext({}, { microtaskMode: "afterEvaluate" });
    return context;
  };
  const nothing = new Script("0");
  return {
    release: () => void nothing.runInContext(inContext()),
    collect: (all) => void runInContext(all ? "gc()" : 'gc({ type: "minor" })', inContext()),
  };
}

/**
 * All reachable tensors, by the inspector's `queryObjects`: it collects garbage several times, then walks the heap (about
 * 100 ms for a small one), and needs nothing to be known beforehand. Null when it could not be asked.
 */
function reachableTensors(session: Session): readonly Holder[] | null {
  const ask = (method: string, parameters: object): { objectId: string } | null => {
    let answer: { objectId: string } | null = null;
    session.post(method, parameters, (error: Error | null, reply: object = {}) => {
      const object: unknown =
        error === null ? (Reflect.get(reply, "objects") ?? Reflect.get(reply, "result")) : null;
      if (typeof object === "object" && object !== null && "objectId" in object)
        answer = { objectId: String(object.objectId) };
    });
    return answer;
  };
  const place: { prototype: object; found: readonly Holder[] | null } = {
    prototype: Tensor.prototype,
    found: null,
  };
  Reflect.defineProperty(globalThis, meeting, { value: place, configurable: true });
  try {
    const objectGroup = "nnlab";
    const expression = `globalThis[Symbol.for("nnlab.liveness")].prototype`;
    const prototype = ask("Runtime.evaluate", { expression, objectGroup });
    if (prototype === null) return null;
    const objects = ask("Runtime.queryObjects", { prototypeObjectId: prototype.objectId, objectGroup });
    if (objects === null) return null;
    const functionDeclaration = `function () { globalThis[Symbol.for("nnlab.liveness")].found = this; }`;
    ask("Runtime.callFunctionOn", { objectId: objects.objectId, functionDeclaration, objectGroup });
    session.post("Runtime.releaseObjectGroup", { objectGroup });
    return place.found;
  } finally {
    Reflect.deleteProperty(globalThis, meeting);
  }
}

/** Gives the engine what Node has. */
export function startOnNode(): void {
  setDefaultBackend(makeBackend);
  try {
    const session = new Session();
    session.connect();
    setLivenessProbe(() => reachableTensors(session));
    setCollector(makeCollector());
  } catch {
    // A Node built without its inspector: FinalizationRegistry does the work, between turns of the event loop.
  }
}
