// A process that runs translated cells as the kernel's main thread does; `notebook.ts` asks it.

import { type Runtime, Session } from "node:inspector";
import { inspect } from "node:util";
import { createImporter, installImporter } from "../../kernel/execution/modules.ts";
import { type CellSource, formatError } from "../../kernel/execution/traceback.ts";

export interface CellToRun extends CellSource {
  name: string;
  javascript: string;
}

const [directory = "."] = process.argv.slice(2);
installImporter(createImporter({ directory }));
const session = new Session();
session.connect();
const cells = new Map<string, CellSource>();
const received: { error?: unknown; value?: unknown } = {};
Object.assign(globalThis, {
  receiveValue: (value: unknown) => {
    received.value = value;
  },
});

process.on("message", ({ name, javascript, source, sourceMap }: CellToRun) => {
  cells.set(name, { source, sourceMap });
  session.post(
    "Runtime.evaluate",
    { expression: javascript, replMode: true, awaitPromise: true },
    (_failure, reply?: Runtime.EvaluateReturnType) => {
      const handle = reply?.exceptionDetails?.exception ?? reply?.result;
      const value = handle?.objectId
        ? { objectId: handle.objectId }
        : handle?.unserializableValue
          ? { unserializableValue: handle.unserializableValue }
          : { value: handle?.value };
      session.post(
        "Runtime.evaluate",
        { expression: "receiveValue" },
        (_error, found?: Runtime.EvaluateReturnType) => {
          session.post("Runtime.callFunctionOn", {
            ...(found?.result.objectId ? { objectId: found.result.objectId } : {}),
            functionDeclaration: "function (value) { this(value); }",
            arguments: [value],
          });
          process.send?.(
            reply?.exceptionDetails
              ? { failure: formatError(received.value, cells) }
              : { value: inspect(received.value) },
          );
        },
      );
    },
  );
});
process.send?.("ready");
