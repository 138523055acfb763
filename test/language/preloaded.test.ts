// The names that are really preloaded, from the built kernel, as TypeScript 5.0 reads their declarations.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Language, startLanguage } from "../../kernel/language/language.ts";
import { makeFolder, removeFolder } from "./notebook.ts";

const module = fileURLToPath(new URL("../../dist/kernel/preload/names", import.meta.url));
const built = existsSync(`${module}.d.ts`);
const folder = makeFolder();
let language: Language;
beforeAll(() => {
  if (!built) console.log("skipped: there is no dist/; npm test builds it first");
  language = startLanguage({ directory: folder, preload: { module } });
});
afterAll(async () => {
  await language.close();
  removeFolder(folder);
});

async function problems(code: string): Promise<string[]> {
  const { diagnostics } = await language.check({ code, cell: "cell 1", executionCount: 1 });
  return diagnostics.map(({ message, line }) => `${line}: ${message}`);
}

describe.skipIf(!built)("the built preload", () => {
  test("types what the course does", async () => {
    expect(
      await problems(`
const { train, test } = data.digits({ train: 100, seed: 1 });
class Net extends nn.Module {
  hidden = nn.linear(784, 32);
  output = nn.linear(32, 10);
  forward(x: Tensor): Tensor {
    return this.output(this.hidden(x.flatten(1)).relu());
  }
}
const net = new Net();
const optimizer = optim.adam(net.parameters(), { lr: 0.001 });
const history = await fit(net, train.loader({ batchSize: 20 }), { epochs: 1, optimizer });
for (const [images, labels] of test.loader({ batchSize: 10 })) {
  const loss: number = nn.crossEntropy(net(images), labels).item();
}
history.epochs.map(({ loss }) => loss.toFixed(2))`),
    ).toEqual([]);
  });

  test("rejects what is wrong", async () => {
    expect(await problems("nn.linear('784', 10)")).toHaveLength(1);
    expect(await problems("tensor([1, 2]).matmull")).toHaveLength(1);
    expect(await problems("const n: string = tensor(1).item()")).toHaveLength(1);
  });

  test.each([
    ["nn.relu()([1, 2, 3])", /make a tensor of it first/],
    ["nn.crossEntropy(ones([2, 2]), ['cat', 'dog'])", /give each class a number/],
    ["nn.relu()(data.digits().test)", /write \.images or \.labels/],
    ["optim.sgd(models.leNet5(), { lr: 0.1 })", /model\.parameters\(\)/],
    ["new nn.linear(2, 3)", /call it without new/],
    ["nn.sequential(nn.flatten(), nn.relu)", /this is a function: call it/],
    [
      "data.digits().train.loader({ transform: data.transforms.randomHorizontalFlip })",
      /this is a function: call it/,
    ],
    ["const layer: nn.Module = nn.relu", /this is a function: call it/],
  ])("%s: a hint", async (code, hint) => {
    const { diagnostics } = await language.check({ code, cell: "cell 1", executionCount: 1 });
    expect(diagnostics.map((diagnostic) => diagnostic.hint).join()).toMatch(hint);
  });

  test("types Node and the web beside it", async () => {
    expect(
      await problems("import { readFileSync } from 'node:fs'; console.log(readFileSync, fetch, URL)"),
    ).toEqual([]);
  });

  test.each([
    "nn",
    "optim",
    "data",
    "models",
    "show",
    "tensor",
    "zeros",
    "noGrad",
    "fit",
    "evaluate",
    "seed",
    "Tensor",
  ])("%s may be shadowed", async (name) => {
    expect(await problems(`let ${name} = 'mine'`)).toEqual([]);
    expect(await problems(`${name}.length.toFixed(); function ${name}x() { return ${name} }`)).toEqual([]);
    expect(await problems(`class ${name} { own = 1 }\nnew ${name}().own`)).toEqual([]);
  });
});
