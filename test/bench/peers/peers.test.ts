/** The libraries to compare with, without installing them: what is pinned, who needs it, and that they would do nnlab's work. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importsOf } from "../../structure/imports.ts";
import { temporaryFolder } from "../../support/jupyter.ts";
import { batchOf, fillWeights, networks as nnlabs } from "../nnlab/networks.ts";
import { ratios } from "../report.ts";
import { imagesOf, networks, parametersOf } from "./networks.ts";
import { peerLabels, peerRecipes, peers } from "./recipes.ts";

const here = import.meta.dirname;
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(here, ...path), "utf8"));
const { dependencies }: { dependencies: Record<string, string> } = readJson("package.json");
const product = readJson("..", "..", "..", "package.json");

test("peers are pinned to what their lock file has, and no part of the product", () => {
  const { packages } = readJson("package-lock.json");
  expect(packages[""].dependencies).toEqual(dependencies);
  const locked = Object.keys(dependencies).map((name) => [name, packages[`node_modules/${name}`].version]);
  expect(Object.fromEntries(locked)).toEqual(dependencies);
  const own = Object.keys({
    ...product.dependencies,
    ...product.devDependencies,
    ...product.optionalDependencies,
  });
  expect(Object.keys(dependencies).filter((name) => own.includes(name))).toEqual([]);
});

test("their modules import the packages that are pinned, all of them and no others", () => {
  const modules = [...new Set(Object.values(peers).map(([module]) => module))];
  const imported = modules.flatMap((module) =>
    importsOf(module, readFileSync(join(here, module), "utf8"))
      .filter(({ specifier, file }) => file === null && !specifier.startsWith("node:"))
      .map(({ specifier }) => specifier),
  );
  expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
});

test("the report compares nnlab with each of them", () => {
  const headings = peerLabels.flatMap((label) => ratios(["BLAS", label]).map(([heading]) => heading));
  expect(headings).toEqual(peerLabels.map((label) => `BLAS : ${label}`));
});

test("they take part once they are installed; before, it is said how to install them", () => {
  const folder = temporaryFolder("peers");
  onTestFinished(() => folder.remove());
  expect(() => peerRecipes(folder.path)).toThrow("`npm run bench -- --peers`, which installs them");
  mkdirSync(join(folder.path, "node_modules"));
  writeFileSync(join(folder.path, "node_modules", ".package-lock.json"), "{}");
  expect(peerRecipes(folder.path).map(({ label }) => label)).toEqual(["tfjs wasm", "tfjs cpu", "jax-js"]);
});

test.each(Object.keys(networks))("%s has nnlab's weights and data for them", (name) => {
  const model = nnlabs[name]!.make();
  fillWeights(model);
  const parameters = model.parameters().map(({ shape, storage }) => ({ shape, values: storage.values() }));
  expect(parametersOf(networks[name]!)).toEqual(parameters);
  const [images] = batchOf(nnlabs[name]!, 3);
  expect(imagesOf(networks[name]!, 3)).toEqual({ shape: images.shape, values: images.storage.values() });
});
