/** Executes notebooks by nbconvert and reads what they show. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { decode } from "fast-png";
import { isolatedEnvironment, runProgram, temporaryFolder, venvProgram } from "../support/jupyter.ts";

export interface Output {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error";
  readonly name?: string;
  readonly text?: string | string[];
  readonly data?: Record<string, unknown>;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: string[];
}

export interface Cell {
  readonly cell_type: "code" | "markdown" | "raw";
  readonly source: string | string[];
  readonly outputs?: Output[];
  readonly execution_count?: number | null;
}

export interface Notebook {
  readonly cells: Cell[];
  readonly metadata: Record<string, unknown>;
}

export function joined(text: string | string[] | undefined): string {
  return Array.isArray(text) ? text.join("") : (text ?? "");
}

/** Runs every cell in a fresh kernel, in the notebook's own folder; `notebook` is null when nbconvert wrote none. */
export async function executeNotebook(
  path: string,
): Promise<{ code: number | null; output: string; seconds: number; notebook: Notebook | null }> {
  const folder = temporaryFolder("nbconvert");
  try {
    const start = performance.now();
    const { code, output } = await runProgram(
      venvProgram("jupyter"),
      ["nbconvert", "--to", "notebook", "--execute", "--output-dir", folder.path, path],
      { cwd: folder.path, env: isolatedEnvironment(folder.path) },
    );
    const seconds = (performance.now() - start) / 1000;
    const notebook = code === 0 ? readNotebook(join(folder.path, basename(path))) : null;
    return { code, output, seconds, notebook };
  } finally {
    folder.remove();
  }
}

/** A copy of a notebook in `folder` with the exercises answered: each starter must stand in it once. */
export function answer(
  path: string,
  answers: readonly (readonly [starter: string, solution: string])[],
  folder: string,
): string {
  const { cells, ...rest } = readNotebook(path);
  const sources = cells.map(({ source }) => joined(source));
  for (const [starter, solution] of answers) {
    const places = sources.filter((source) => source.includes(starter));
    if (places.length !== 1)
      throw new Error(`${places.length} cells of ${path} have the starter: ${starter}`);
    const index = sources.indexOf(places[0]!);
    sources[index] = places[0]!.replace(starter, () => solution);
  }
  const answered = join(folder, basename(path));
  writeFileSync(
    answered,
    JSON.stringify({ ...rest, cells: cells.map((cell, i) => ({ ...cell, source: sources[i] })) }),
  );
  return answered;
}

export function readNotebook(path: string): Notebook {
  return JSON.parse(readFileSync(path, "utf8")) as Notebook;
}

/** Everything the notebook printed, in order. */
export function printedText(notebook: Notebook): string {
  return notebook.cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.output_type === "stream")
    .map((output) => joined(output.text))
    .join("");
}

export interface Picture {
  readonly cell: number;
  readonly width: number;
  readonly height: number;
  readonly colours: number;
  readonly text: string;
}

/** Every PNG shown, with its size, its number of distinct colours and the sentence beside it. */
export function pictures(notebook: Notebook): Picture[] {
  return notebook.cells.flatMap((cell, index) =>
    (cell.outputs ?? []).flatMap((output) => {
      const png = output.data?.["image/png"];
      if (typeof png !== "string") return [];
      const image = decode(Buffer.from(png, "base64"));
      const colours = new Set<string>();
      for (let at = 0; at < image.data.length; at += image.channels)
        colours.add(image.data.subarray(at, at + image.channels).join());
      return [
        {
          cell: index,
          width: image.width,
          height: image.height,
          colours: colours.size,
          text: joined(output.data?.["text/plain"] as string | string[] | undefined),
        },
      ];
    }),
  );
}
