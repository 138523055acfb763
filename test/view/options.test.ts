// Every picture refuses an option that it does not know. The functions are found by their types, so that a new one is asked too.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../engine/errors.ts";
import { progress, show } from "../../kernel/view/index.ts";
import { root } from "../structure/project.ts";
import { optionTakers } from "../support/optionTakers.ts";

const view: Readonly<Record<string, unknown>> = { show, progress };
const takers = optionTakers(join(root, "kernel", "view", "index.ts")).filter(({ name }) =>
  /^(show\.|progress)/.test(name),
);
const find = (path: string): unknown =>
  path.split(".").reduce<unknown>((value, name) => Reflect.get(Object(value), name), view);

describe("the options of pictures", () => {
  it("are found at functions of one call and of several", () => {
    expect(takers.length).toBeGreaterThan(55);
    expect(takers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["progress", "show.roc", "show.graph", "show.convolution", "show.connections"]),
    );
  });

  it.each(takers.map(({ name, before }) => [name, before.length] as const))(
    "%s refuses one that it does not know, before it looks at anything else",
    (name, place) => {
      const call = find(name) as (...args: unknown[]) => unknown;
      const args = [...Array<undefined>(place), { noSuchThing: 1 }];
      expect(() => call(...args)).toThrow(ArgumentError);
      expect(() => call(...args)).toThrow(`${name}: there is no option "noSuchThing"; the options are `);
    },
  );

  it("of a call with two arguments before them are refused too, and are an object", () => {
    for (const name of ["show.roc", "show.confusionMatrix", "show.classAccuracy", "show.calibration"]) {
      const call = find(name) as (...args: unknown[]) => unknown;
      expect(() => call([0, 1], [0, 1], { tittle: "" })).toThrow(
        `${name}: there is no option "tittle"; did you mean title?`,
      );
    }
    expect(() => show.images([[1]], [3] as never)).toThrow(
      "show.images: takes its options as an object: { labels: … }; got an array of 1",
    );
  });
});
