/** What students write must pass the TypeScript that checks their cells: 5.0, not strict. */
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const require = createRequire(path.join(root, "node_modules/tslab/package.json"));
const ts: typeof import("typescript") = require("@tslab/typescript-for-tslab");

const parsed = new Map<string, import("typescript").SourceFile | undefined>();

/** The error messages of a student's file that imports the engine's sources. */
function errorsOf(code: string): string[] {
  const file = path.join(root, "test/engine/nn/student.ts");
  const text = `import { nn, optim, metrics, models, fit, evaluate, tensor, randn, Tensor } from "../../../engine/index.ts";\n${code}`;
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    types: [],
    strict: false,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, target, ...rest) => {
    if (name === file) return ts.createSourceFile(name, text, target);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, target, ...rest));
    return parsed.get(name);
  };
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}

describe("a student's TypeScript", { timeout: 120_000 }, () => {
  it("is accepted as the lessons write it", () => {
    expect(
      errorsOf(`
        class Net extends nn.Module {
          conv = nn.conv2d(1, 6, 5);
          blocks = [nn.linear(10, 10), nn.relu()];
          fc = nn.linear(3456, 10);
          name = "mine";
          hidden: Tensor;
          forward(x: Tensor) {
            this.hidden = this.conv(x).relu();
            let y = this.fc(this.hidden.flatten(1));
            for (const block of this.blocks) y = block(y);
            return y;
          }
        }
        class Pair extends nn.Module<[Tensor, Tensor]> {
          forward(a, b) { return a.add(b); }
        }
        const net = new Net();
        const logits: Tensor = net(randn([2, 1, 28, 28]));
        const sum: Tensor = new Pair()(logits, logits);
        const weight: Tensor = net.conv.weight;
        const optimizer = optim.sgd(net.parameters(), { lr: 0.1, momentum: 0.9 });
        optimizer.lr *= 0.5;
        const labels = tensor([1, 2], { dtype: "int32" });
        const batches = [[randn([2, 1, 28, 28]), labels]];
        const history = await fit(net, batches, { epochs: 2, optimizer, validation: batches });
        const loss: number = history.epochs[0].loss;
        const { loss: test, accuracy } = evaluate(net, batches);
        const rate: number = accuracy + test;
        const { mae } = evaluate(nn.linear(1, 1), batches, { loss: nn.mse, metrics: { mae: metrics.mae } });
        const digits: number[] = metrics.confusionMatrix(logits, labels).perClass.map((c) => c.recall);
        const first: Tensor = net.trace(randn([1, 1, 28, 28]))[0].output;
        const lenet = models.leNet5({ activation: "tanh", pooling: "avg" });
        const filters: Tensor = lenet.c1.weight;
        const model = nn.sequential(nn.flatten(), nn.linear(784, 10), net, lenet);
        model.eval()(randn([1, 784]));
        nn.crossEntropy(logits, labels).backward();
        nn.init.kaimingNormal(weight);
        export { sum, loss, rate, mae, digits, first, filters };
      `),
    ).toEqual([]);
  });

  it("is told before the cell runs about a missing forward, brackets, new and await", () => {
    const wrong: [string, RegExp][] = [
      ["class Net extends nn.Module {} new Net();", /does not implement inherited abstract member 'forward'/],
      [
        "class Net extends nn.Module { constructor() { this.x = 1 } x: number; forward(x: Tensor) { return x } }",
        /super/,
      ],
      ["nn.sequential(nn.linear(2, 3), nn.relu);", /not assignable to parameter of type 'Module/],
      ["const layer = nn.linear(2, 3); layer([[1, 2]]);", /not assignable to parameter of type 'Tensor'/],
      ["nn.Linear(2, 3);", /Did you mean to include 'new'/],
      ["const net = nn.linear(2, 3); optim.sgd(net, { lr: 0.1 });", /not assignable/],
      [
        "const net = nn.linear(2, 3); const h = fit(net, [], { optimizer: optim.adam(net.parameters()) }); h.epochs;",
        /'epochs' does not exist on type 'Promise<History>'/,
      ],
      ["const net = nn.linear(2, 3); fit(net, [], { epochs: 3 });", /optimizer/],
    ];
    for (const [code, message] of wrong) expect(errorsOf(code).join("\n")).toMatch(message);
  });
});
