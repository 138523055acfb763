// A process that runs translated cells as the kernel's main thread does; `notebook.ts` asks it.

import { inspect } from "node:util";
import { installCellTools } from "../../kernel/execution/awaits.ts";
import { Evaluator } from "../../kernel/execution/evaluate.ts";
import { installHelpers } from "../../kernel/execution/helpers.ts";
import { createImporter, installImporter } from "../../kernel/execution/modules.ts";
import { forgetThrown } from "../../kernel/execution/thrown.ts";
import { type CellSource, formatError, installStackTraces } from "../../kernel/execution/traceback.ts";

export interface CellToRun extends CellSource {
  name: string;
  javascript: string;
}

const [directory = "."] = process.argv.slice(2);
installImporter(createImporter({ directory }));
let shown: unknown[] = [];
let printed = "";
process.stdout.write = (text) => {
  printed += text;
  return true;
};
Object.defineProperty(globalThis, "tensor", { value: () => "preloaded", writable: true, configurable: true });
installCellTools();
installHelpers({ directory, display: (bundle) => shown.push(bundle.data) });
const evaluator = new Evaluator();
const cells = new Map<string, CellSource>();
installStackTraces(cells);

process.on("message", ({ name, javascript, source, sourceMap }: CellToRun) => {
  cells.set(name, { source, sourceMap });
  shown = [];
  printed = "";
  forgetThrown();
  evaluator.evaluate(javascript, (result) => {
    if (result.kind === "value") process.send?.({ shown, printed, value: inspect(result.value) });
    else process.send?.({ failure: formatError(result.kind === "thrown" ? result.error : null, cells) });
  });
});
process.send?.("ready");
