/** Right answers to the exercises of the lessons: what stands in the notebook, and what a student may put there. */
export const solutions: Record<string, readonly (readonly [starter: string, solution: string])[]> = {
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
