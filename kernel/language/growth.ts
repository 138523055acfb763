// One program and one checker for many cells. For each changed file TypeScript makes both anew, and a checker begins by merging
// all globals of the library: nine tenths of a check, though nothing has changed but the cell and what it sees. A module that
// declares nothing for others can as well take the place of the last one in the program that is there, since a checker looks
// at files only when it is asked about them.

import type * as Fork from "@tslab/typescript-for-tslab";
import { augments, type Compiler, importedBy, localsOf, putFile } from "./internals.ts";

type Growing = Fork.Program & { getAutomaticTypeDirectiveNames(): readonly string[] };

/** A program that has taken so many texts is made anew, even while nobody waits to ask: 10 MB. */
const mostTexts = 500;

export interface GrowthOptions {
  host: Fork.WatchCompilerHost<Fork.BuilderProgram>;
  /** The file of the cell, and that of all it sees. */
  cell: string;
  previous: string;
  isLibrary(path: string): boolean;
  /** Whether it is the module of an earlier cell. */
  isCell(path: string): boolean;
}

export class Growth {
  readonly #ts: Compiler;
  readonly #options: GrowthOptions;
  #builder: Fork.BuilderProgram | null = null;
  #age = 0;
  #previousText: string | undefined;

  constructor(ts: Compiler, options: GrowthOptions) {
    this.#ts = ts;
    this.#options = options;
  }

  /** How many texts of cells the checker remembers, of which it needs one. */
  get age(): number {
    return this.#age;
  }

  /** Lets a program grow that TypeScript has made. */
  begin(builder: Fork.BuilderProgram): void {
    const program = builder.getProgram();
    const cell = program.getSourceFile(this.#options.cell);
    this.#age = 0;
    this.#previousText = program.getSourceFile(this.#options.previous)?.text;
    // What this cell declares or imports for others is to go with it.
    const remains = cell && !augments(cell) && !this.#bringsGlobals(program, cell);
    this.#builder = remains ? builder : null;
  }

  /** Whether there are global names that may be there because the cell imports the file that declares them. */
  #bringsGlobals(program: Fork.Program, cell: Fork.SourceFile): boolean {
    if (importedBy(cell).length === 0) return false;
    return program.getSourceFiles().some((file) => {
      if (this.#ts.isExternalModule(file) || this.#options.isLibrary(file.fileName)) return false;
      this.#ts.bindSourceFile(file, program.getCompilerOptions());
      return localsOf(file).size > 0;
    });
  }

  /** Something has changed that the program has read, or its checker has failed. */
  end(): void {
    this.#builder = null;
  }

  /** The program, once more, with the cell as it is now and what it needs; null where it must be made anew. */
  grow(): Fork.BuilderProgram | null {
    const builder = this.#builder;
    if (!builder || this.#age >= mostTexts) return null;
    const { cell, previous } = this.#options;
    const program = builder.getProgram() as Growing;
    const text = this.#options.host.readFile(previous);
    const files = this.#needed(text === this.#previousText ? [cell] : [previous, cell], program);
    if (!files) {
      this.#builder = null;
      return null;
    }
    for (const file of files) {
      putFile<Fork.SourceFile>(program, file);
      this.#ts.bindSourceFile(file, program.getCompilerOptions());
    }
    this.#previousText = text;
    this.#age++;
    // tslab expects another one after a change.
    return { ...builder };
  }

  /** These files, read, and the modules of cells that they import and the program lacks; null if it lacks more. */
  #needed(paths: readonly string[], program: Growing): Fork.SourceFile[] | null {
    const files = new Map<string, Fork.SourceFile>();
    for (let wanted = paths; wanted.length > 0; ) {
      const read = this.#read(wanted, program.getCompilerOptions());
      for (const file of read) files.set(file.fileName, file);
      const missing = read
        .flatMap(importedBy)
        .filter((path) => !files.has(path) && !program.getSourceFile(path));
      if (!read.every((file) => this.#fits(file, program)) || !missing.every(this.#options.isCell))
        return null;
      wanted = [...new Set(missing)];
    }
    return [...files.values()];
  }

  /** The files alone, with what they import, as a program of their own. */
  #read(paths: readonly string[], options: Fork.CompilerOptions): Fork.SourceFile[] {
    const { host } = this.#options;
    const program = this.#ts.createProgram(
      paths,
      { ...options, noResolve: true, types: [] },
      {
        getSourceFile: (path, version) => this.#ts.createSourceFile(path, host.readFile(path) ?? "", version),
        getDefaultLibFileName: () => "",
        writeFile: () => undefined,
        getCurrentDirectory: host.getCurrentDirectory,
        getCanonicalFileName: (path) => path,
        useCaseSensitiveFileNames: () => true,
        getNewLine: () => "\n",
        fileExists: (path) => host.fileExists(path),
        readFile: (path) => host.readFile(path),
        ...(host.resolveModuleNameLiterals && { resolveModuleNameLiterals: host.resolveModuleNameLiterals }),
      },
    );
    return paths.flatMap((path) => program.getSourceFile(path) ?? []);
  }

  /** Whether the file is a module of the program's own kinds that declares nothing outside of itself. */
  #fits(file: Fork.SourceFile, program: Growing): boolean {
    const types = program.getAutomaticTypeDirectiveNames();
    return (
      this.#ts.isExternalModule(file) &&
      !augments(file) &&
      file.referencedFiles.length === 0 &&
      file.libReferenceDirectives.length === 0 &&
      file.typeReferenceDirectives.every(({ fileName }) => types.includes(fileName))
    );
  }

  /**
   * Asks for what is wrong in the cell under a name of its own: the checker keeps what it finds by name, and would tell again what
   * was wrong in cells before.
   */
  diagnostics(file: Fork.SourceFile, ask: () => readonly Fork.Diagnostic[]): readonly Fork.Diagnostic[] {
    const { fileName } = file;
    if (fileName !== this.#options.cell || this.#age === 0) return ask();
    const name = fileName.replace(/(?=\.ts$)/, String(this.#age));
    Object.assign(file, { fileName: name, path: name });
    try {
      return ask();
    } finally {
      Object.assign(file, { fileName, path: fileName });
    }
  }
}
