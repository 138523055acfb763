/** What a kernel may be doing when it is told to end; each cell prints "go" when it is at it. */
export const busyStates: readonly (readonly [state: string, code: string])[] = [
  ["at rest", "console.log('go')"],
  ["in a loop that ends for nothing", "console.log('go'); while (true);"],
  [
    "in a catch that swallows",
    "console.log('go'); for (;;) try { while (true); } catch {} finally { while (true); }",
  ],
  [
    "in a training",
    `const model = models.leNet5();
    const images = randn([64, 1, 28, 28]), labels = randint(0, 10, [64]);
    const samples = (async function* () { for (;;) yield [images, labels] as [Tensor, Tensor]; })();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.01 });
    for await (const [x, y] of samples) {
      nn.crossEntropy(model(x), y).backward();
      optimizer.step();
      console.log("go");
    }`,
  ],
  [
    "in a native call",
    "import { execSync } from 'node:child_process'; console.log('go'); execSync('sleep 60');",
  ],
  [
    "beside a child",
    "import { spawn } from 'node:child_process'; spawn('sleep', ['60']); console.log('go');",
  ],
  ["in a flood of output", "for (;;) console.log('go '.repeat(200));"],
  ["while it asks for input", "console.log('go'); prompt('Your name?');"],
  ["in an await without end", "console.log('go'); await new Promise(() => {});"],
  [
    "with an exit handler that does not end",
    "process.on('exit', () => { while (true); }); console.log('go');",
  ],
];
