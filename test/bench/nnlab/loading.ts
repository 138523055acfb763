/** Batches as a data loader draws them: shuffled, and moved at random where they are augmented. */
import { data, tensor } from "../../../engine/index.ts";
import { pattern } from "../numbers.ts";
import type { Task } from "../protocol.ts";
import type { Prepared } from "../serve.ts";
import { networks } from "./networks.ts";

const { compose, randomHorizontalFlip, randomRotation, randomShift } = data.transforms;
const samples = 2048;

export function prepareLoading({ network, augmented, batch }: Task & { kind: "loading" }): Prepared {
  const { input } = networks[network]!;
  const values = pattern(
    input.reduce((product, side) => product * side, samples),
    17,
  ).map(Math.abs);
  const images = tensor(values, { shape: [samples, ...input] });
  const labels = Array.from({ length: samples }, (_, i) => (i * 7) % 10);
  const transform = compose(randomShift(2), randomHorizontalFlip(), randomRotation(10));
  const loader = data
    .fromArrays(images, labels)
    .loader({ batchSize: batch, shuffle: true, seed: 1, ...(augmented ? { transform } : {}) });
  const endless = (function* () {
    for (;;) yield* loader;
  })();
  const step = () => {
    const [drawn] = endless.next().value;
    // The batch is computed: that it may be put off does not count.
    drawn.at(0, 0, 0, 0).item();
  };
  step();
  return { result: 0, step };
}
