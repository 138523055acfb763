/** The program as it is installed: joined to a few files, and otherwise what its sources are. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as source from "../../engine/index.ts";
import { projectRoot } from "../support/jupyter.ts";

const dist = join(projectRoot, "dist");
const built: typeof source = await import(join(dist, "engine", "index.js"));

/** What a function or a class calls itself, by the path of its export. */
function namesOf(module: object, path = ""): [string, string][] {
  return Object.entries(module)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]): [string, string][] => {
      if (typeof value === "function") return [[path + key, value.name]];
      const isNamespace = Object.prototype.toString.call(value) === "[object Module]";
      return isNamespace ? namesOf(value, `${path}${key}.`) : [];
    });
}

describe("dist/", () => {
  it("has everything under the names that messages use", () => {
    const expected = namesOf(source);
    expect(expected.length).toBeGreaterThan(300);
    expect(namesOf(built)).toEqual(expected);
  });

  it("names a class by its own name where two modules have one of the same name", () => {
    expect(built.nn.linear(1, 1).constructor.name).toBe("Linear");
    expect(built.models.leNet5().constructor.name).toBe(source.models.leNet5().constructor.name);
  });

  it("has the engine once: cells, pictures and the engine's users share one", () => {
    const scripts = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".js"),
    );
    expect(scripts.length).toBeLessThan(100);
    expect(scripts).toContain(join("engine", "backend", "worker.js"));
    expect(scripts).toContain(join("kernel", "preload", "names.js"));
    expect(scripts).not.toContain(join("engine", "tensor.js"));
  });
});
