/** The pictures of the gallery, ready to be drawn as often as wanted: its cells run here as in a notebook, but for their last line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as engine from "../../../engine/index.ts";
import { Evaluator } from "../../../kernel/execution/evaluate.ts";
import { installViews, progress, show } from "../../../kernel/view/index.ts";
import { displaySymbol, type MimeBundle } from "../../../kernel/view/mime.ts";

export interface GalleryPicture {
  readonly name: string;
  /** Makes the picture and all that a front end is sent of it. */
  draw(): MimeBundle;
}

/** Objects that show themselves by what the gallery has declared; its cells call `show` for most. */
const objects: readonly (readonly [name: string, expression: string])[] = [
  ["a History", "history"],
  ["a Module", "model"],
  ["a Dataset", "train"],
  ["an Optimizer", "steps"],
  ["a Tensor of 200 × 300", "randn([200, 300])"],
  ["an Attribution", "inspection.saliency(model, image)"],
  ["a ConfusionMatrix", "metrics.confusionMatrix(model(test.images), test.labels)"],
];

interface GalleryCell {
  readonly name: string;
  /** What has to run before, the picture's arguments with it: they are no part of drawing. */
  readonly before: string;
  /** What makes the picture; null where the cell shows none by its last value. */
  readonly shown: string | null;
}

/** Parts a cell's last call, `show.name(…)`, from what it is given. */
export function partCell(code: string): GalleryCell {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
  const last = file.statements.at(-1);
  if (last === undefined || !ts.isExpressionStatement(last)) return { name: "", before: code, shown: null };
  const before = code.slice(0, last.getStart(file));
  const { expression } = last;
  if (!ts.isCallExpression(expression))
    return { name: `a ${last.getText(file)}`, before, shown: last.getText(file) };
  const callee = expression.expression.getText(file);
  if (!callee.startsWith("show.")) return { name: callee, before: code, shown: null };
  const given = expression.arguments.map((argument) => argument.getText(file)).join(", ");
  const options = /\b(as|style): "(\w+)"/.exec(given)?.[2];
  return {
    name: options === undefined ? callee : `${callee}, ${options}`,
    before: `${before}\nconst given = [${given}];`,
    shown: `${callee}(...given)`,
  };
}

const evaluator = new Evaluator();

function run(code: string): Promise<unknown> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return new Promise((resolve, reject) =>
    evaluator.evaluate(outputText, (result) => {
      if (result.kind === "value") resolve(result.value);
      else
        reject(result.kind === "thrown" ? result.error : new Error("a cell of the gallery was terminated"));
    }),
  );
}

/** Runs the gallery from its first cell on and hands out each of its pictures when it can be drawn, then objects' own ones. */
export async function* galleryPictures(): AsyncGenerator<GalleryPicture> {
  Object.assign(globalThis, engine, { show, progress });
  installViews({ display() {}, update() {}, atEnd() {} });
  const path = join(import.meta.dirname, "..", "..", "..", "notebooks", "gallery.ipynb");
  const { cells } = JSON.parse(readFileSync(path, "utf8")) as {
    cells: { cell_type: string; source: string[] }[];
  };
  const code = cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => source.join(""));
  const seen = new Map<string, number>();
  for (const { name, before, shown } of code.filter((text) => !text.startsWith("interact(")).map(partCell)) {
    await run(before);
    if (shown === null) continue;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    yield { name: count === 1 ? name : `${name}, example ${count}`, draw: await drawer(shown) };
  }
  for (const [name, expression] of objects) yield { name, draw: await drawer(`(${expression})`) };
}

async function drawer(expression: string): Promise<() => MimeBundle> {
  const make = (await run(`(() => ${expression})`)) as () => { [displaySymbol](): MimeBundle };
  return () => make()[displaySymbol]();
}
