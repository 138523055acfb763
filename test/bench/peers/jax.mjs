/** jax-js as a contender, on its WebAssembly backend: a whole training step is one compiled function, as its documentation advises. */
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { classes } from "../numbers.ts";
import { serve } from "../serve.ts";
import { imagesOf, networks, parametersOf } from "./networks.ts";

await init("wasm");
defaultDevice("wasm");

const arrayOf = ({ shape, values }) => np.array(values).reshape([...shape]);

/** Weights of linear layers as [in, out]. */
const parameter = (given) => (given.shape.length === 2 ? np.transpose(arrayOf(given)) : arrayOf(given));

/** Takes its arguments, as every function of jax-js does: whoever needs them later passes `.ref`. */
function forward({ layers }, parameters, images) {
  const rest = parameters.values();
  const next = () => rest.next().value;
  return layers.reduce((x, layer) => {
    const activate = layer.relu ? nn.relu : (y) => y;
    switch (layer.kind) {
      case "linear":
        return activate(np.matmul(x, next()).add(next()));
      case "conv2d": {
        const pad = [layer.padding, layer.padding];
        return activate(lax.conv(x, next(), [1, 1], [pad, pad]).add(next().reshape([-1, 1, 1])));
      }
      case "maxPool2d":
        return lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
      case "flatten":
        return x.reshape([x.shape[0], -1]);
    }
    throw new Error(`no layer ${layer.kind}`);
  }, images);
}

function training(network, batch) {
  const images = arrayOf(imagesOf(network, batch));
  const labels = classes(batch);
  const truth = np.array(
    Float32Array.from({ length: 10 * batch }, (_, i) => Number(labels[(i / 10) | 0] === i % 10)),
  );
  const lossOf = (parameters, x, y) =>
    nn
      .logSoftmax(forward(network, parameters, x))
      .mul(y)
      .sum()
      .mul(-1 / batch);
  const update = jit((parameters, x, y) => {
    const [loss, slopes] = valueAndGrad(lossOf)(
      parameters.map((one) => one.ref),
      x,
      y,
    );
    return [loss, parameters.map((one, i) => one.sub(slopes[i].mul(0.01)))];
  });
  const target = truth.reshape([batch, 10]);
  let parameters = parametersOf(network).map(parameter);
  return () => {
    const [loss, next] = update(parameters, images.ref, target.ref);
    parameters = next;
    return loss.item();
  };
}

function inference(network, batch) {
  const images = arrayOf(imagesOf(network, batch));
  const parameters = parametersOf(network).map(parameter);
  const run = jit((given, x) => forward(network, given, x));
  return () =>
    run(
      parameters.map((one) => one.ref),
      images.ref,
    ).dataSync()[0];
}

function prepare(task) {
  const network = task.kind === "network" ? networks[task.network] : undefined;
  if (network === undefined) return null;
  const step = (task.mode === "training" ? training : inference)(network, task.batch);
  return { result: step(), step };
}

const { version } = JSON.parse(
  readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);
await serve({ describe: () => `jax-js ${version}, WebAssembly, one thread`, prepare });
