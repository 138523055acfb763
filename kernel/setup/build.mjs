// `npm run build`: compiles kernels and program to dist/, installing the npm packages first where they are missing.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./setup.mjs").then((module) => module.main(["npm packages", "compute kernels", "program"]));
