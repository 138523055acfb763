/** How long nnlab takes until it trains, as it is installed: prints the milliseconds of each stage. */
const root = new URL("../../../dist/engine/", import.meta.url);

const times: number[] = [performance.now()];
const lap = () => times.push(performance.now());

const engine: typeof import("../../../engine/index.ts") = await import(new URL("index.js", root).href);
lap();
engine.zeros([64, 1, 28, 28]).add(1);
lap();

const { models, nn, optim, randn, randint, seed } = engine;
seed(1);
const model = models.leNet5();
const [images, labels] = [randn([64, 1, 28, 28]), randint(0, 10, [64])];
const optimizer = optim.sgd(model.parameters(), { lr: 0.01 });
const step = () => {
  const loss = nn.crossEntropy(model(images), labels);
  loss.backward();
  optimizer.step();
  loss.item();
};
lap();
step();
lap();
for (let i = 0; i < 50; i++) step();
lap();

const [begin, imported, ready, made, first, later] = times as [
  number,
  number,
  number,
  number,
  number,
  number,
];
console.log(
  JSON.stringify({
    import: imported - begin,
    ready: ready - imported,
    first: first - made,
    later: (later - first) / 50,
  }),
);
