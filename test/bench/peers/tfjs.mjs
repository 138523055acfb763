/** TensorFlow.js as a contender, on its backend `wasm` or `cpu`: as its users write a training step, with its fused operations. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { classes } from "../numbers.ts";
import { serve } from "../serve.ts";
import { imagesOf, networks, parametersOf } from "./networks.ts";

const backend = process.argv[2];
const program = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
setWasmPaths(`${dirname(program)}${sep}`);
tf.enableProdMode();
if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend}`);

/** Layouts of tfjs: images [N, H, W, C], weights [H, W, in, out] or [in, out]. */
const turns = { 2: [1, 0], 4: [2, 3, 1, 0] };

/** What stays until the next task: tfjs frees variables together. */
const stay = (make, trainable) => tf.tidy(() => tf.variable(make(), trainable));

const parameter = ({ shape, values }) =>
  stay(() => {
    const given = tf.tensor(values, shape);
    return shape.length in turns ? given.transpose(turns[shape.length]) : given;
  }, true);

function forward({ layers }, parameters, images) {
  const rest = parameters.values();
  const next = () => rest.next().value;
  return layers.reduce((x, layer) => {
    const activation = layer.relu ? "relu" : "linear";
    switch (layer.kind) {
      case "linear":
        return tf.fused.matMul({ a: x, b: next(), bias: next(), activation });
      case "conv2d":
        return tf.fused.conv2d({
          x,
          filter: next(),
          strides: 1,
          pad: layer.padding,
          bias: next(),
          activation,
        });
      case "maxPool2d":
        return tf.maxPool(x, 2, 2, "valid");
      case "flatten":
        return x.reshape([x.shape[0], -1]);
    }
    throw new Error(`no layer ${layer.kind}`);
  }, images);
}

/** The backend wasm has no gradient of a convolution's weights; on cpu a step of a large batch would take a minute. */
function canTrain({ layers }, batch) {
  if (layers.every(({ kind }) => kind !== "conv2d")) return true;
  return tf.getKernel("Conv2DBackpropFilter", backend) !== undefined && batch <= 64;
}

function prepare(task) {
  const network = task.kind === "network" ? networks[task.network] : undefined;
  if (network === undefined) return null;
  const { batch, mode } = task;
  if (mode === "training" && !canTrain(network, batch)) return null;
  tf.disposeVariables();
  const { shape, values } = imagesOf(network, batch);
  const images = stay(() => tf.tensor(values, shape).transpose([0, 2, 3, 1]), false);
  const parameters = parametersOf(network).map(parameter);
  const truth = stay(() => tf.oneHot(tf.tensor1d(classes(batch), "int32"), 10).toFloat(), false);
  const optimizer = tf.train.sgd(0.01);
  const loss = () => tf.losses.softmaxCrossEntropy(truth, forward(network, parameters, images));
  const training = () => optimizer.minimize(loss, true).dataSync()[0];
  const inference = () => forward(network, parameters, images).dataSync()[0];
  const step = () => tf.tidy(mode === "training" ? training : inference);
  return { result: step(), step };
}

await serve({
  describe: () => `tfjs ${tf.version.tfjs}, backend ${tf.getBackend()}, one thread`,
  prepare,
});
