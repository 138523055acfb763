/** Right answers to the exercises of the lessons: what stands in the notebook, and what a student may put there. */
export const solutions: Record<string, readonly (readonly [starter: string, solution: string])[]> = {
  "06-backpropagation-and-computational-graphs.ipynb": [
    ["return []; // [q, f, ∂f/∂q, ∂f/∂x, ∂f/∂y, ∂f/∂z]", "return [x + y, (x + y) * z, z, z, z, x + y];"],
    ["return [null, null]; // ∂L/∂a and ∂L/∂b of the product", "return [gradient.mul(b), gradient.mul(a)];"],
    [
      "return [null, null]; // ∂L/∂a and ∂L/∂b of the maximum",
      "return [gradient.mul(a.greater(b).to(a.dtype)), gradient.mul(b.greater(a).to(a.dtype))];",
    ],
    [
      "// add this sample's part to sum.L, sum.dw and sum.du",
      `const [inner, error] = [u * sigma(w * x), sigma(u * sigma(w * x)) - ys[i]];
    sum.L += error ** 2;
    sum.dw += 2 * error * slope(inner) * u * slope(w * x) * x;
    sum.du += 2 * error * slope(inner) * sigma(w * x);`,
    ],
    [
      "// δ from arriving and h[k]; found.unshift({ W: …, b: … }); then the next arriving",
      `const delta = arriving.mul(h[k].square().neg().add(1));
    found.unshift({ W: delta.matmul(h[k - 1].T), b: delta });
    arriving = layers[k - 1].W.T.matmul(delta);`,
    ],
  ],
  "09-convolution-by-hand.ipynb": [
    [
      "return 0; // the sum of x[i * stride + p][j * stride + q] * k[p][q] over p and q",
      `let sum = 0;
      k.forEach((line, p) => line.forEach((weight, q) => (sum += x[i * stride + p][j * stride + q] * weight)));
      return sum;`,
    ],
    [
      "[]; // such as [0, 1]; you may let the computer look",
      "conv(grey, tenth).flatMap((line, i) => line.flatMap((value, j): [number, number][] => (Math.abs(value - slide[i][j]) > 0.05 ? [[i, j]] : [])));",
    ],
    [
      "return 0; // your formula\n",
      `const size = (n + 2 * padding - kernel) / stride + 1;
  if (strict && !Number.isInteger(size)) throw new Error(\`\${size} does not exist\`);
  return Math.floor(size);\n`,
    ],
    ["return 0; // your formula, with biases", "return outChannels * (kernel ** 2 * inChannels + 1);"],
    [
      "const loss: Tensor | null = null; // how far second(x) is from what the Laplacian gives",
      "const loss: Tensor | null = nn.mse(second(x), conv2d(x, laplacian));",
    ],
  ],
  "11-a-cnn-from-end-to-end.ipynb": [
    [
      "kernel: number): number {\n  return 0; // your formula",
      "kernel: number): number {\n  return outChannels * (inChannels * kernel ** 2 + 1);",
    ],
    [
      "outputs: number): number {\n  return 0; // your formula",
      "outputs: number): number {\n  return outputs * (inputs + 1);",
    ],
    [
      "null; // nn.sequential(nn.conv2d(1, 8, 3), …)",
      `nn.sequential(
  nn.conv2d(1, 8, 3), nn.relu(), nn.maxPool2d(2),
  nn.conv2d(8, 16, 3), nn.relu(), nn.maxPool2d(2),
  nn.flatten(), nn.linear(16 * 5 * 5, 10),
);`,
    ],
    ["models.mlp([784, 32, 10]); // change me", "models.leNet5();"],
    [
      "optim.sgd(contender.parameters(), { lr: 0.01 }), // change me",
      "optim.sgd(contender.parameters(), { lr: 0.05, momentum: 0.9 }),\n  schedule: optim.cosineAnnealing(),",
    ],
    ["// your loop", "labels.forEach((label, i) => counts[label][predictions[i]]++);"],
  ],
};
