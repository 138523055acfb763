// `npm run bench`: training and inference timed, beside PyTorch where it is installed and, with --peers, TensorFlow.js and jax-js; arguments go on to the benchmark.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./benchmark.mjs").then((module) => module.runBenchmark(process.argv.slice(2)));
