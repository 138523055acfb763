// What TypeScript, tslab's and the newer one, has beyond its declarations, as far as it is used here.

import type * as Fork from "@tslab/typescript-for-tslab";

export type Compiler = typeof Fork & {
  bindSourceFile(file: Fork.SourceFile, options: Fork.CompilerOptions): void;
  getTouchingPropertyName(file: Fork.SourceFile, position: number): Fork.Node;
  getQuickInfoAtPosition(
    file: Fork.SourceFile,
    checker: Fork.TypeChecker,
    cancellation: unknown,
    position: number,
  ): Fork.QuickInfo | undefined;
  getContainingObjectLiteralElement(node: Fork.Node): Fork.ObjectLiteralElement | undefined;
};

/** The names declared at the top level of a file. */
export function localsOf(file: Fork.SourceFile): ReadonlyMap<string, Fork.Symbol> {
  return (file as { locals?: Map<string, Fork.Symbol> }).locals ?? new Map();
}

export function importsOf(file: Fork.SourceFile): readonly unknown[] {
  return (file as { imports?: readonly unknown[] }).imports ?? [];
}

/** The files that a file's imports are. */
export function importedBy(file: Fork.SourceFile): string[] {
  type Resolved = { resolvedModule?: Fork.ResolvedModuleFull | undefined };
  const { resolvedModules } = file as { resolvedModules?: { forEach(each: (one: Resolved) => void): void } };
  const paths: string[] = [];
  resolvedModules?.forEach(({ resolvedModule }) => {
    if (resolvedModule) paths.push(resolvedModule.resolvedFileName);
  });
  return paths;
}

/** Whether a module declares something for others: in the global scope, or in another module. */
export function augments(file: Fork.SourceFile): boolean {
  return ((file as { moduleAugmentations?: readonly unknown[] }).moduleAugmentations ?? []).length > 0;
}

/**
 * Puts a file into a program, in the place of one with its name. The program's checker then knows it as any other: it has not
 * looked at it, and looks at files only when it is asked about them.
 */
export function putFile<File extends { fileName: string }>(
  program: { getSourceFiles(): readonly File[]; getSourceFile(path: string): File | undefined },
  file: File,
): void {
  const { getFilesByNameMap } = program as unknown as { getFilesByNameMap(): Map<string, File> };
  const files = program.getSourceFiles() as File[];
  const replaced = program.getSourceFile(file.fileName);
  if (replaced) files[files.lastIndexOf(replaced)] = file;
  else files.push(file);
  Object.assign(file, { path: file.fileName, resolvedPath: file.fileName, originalFileName: file.fileName });
  getFilesByNameMap().set(file.fileName, file);
}
