// `npm start`: sets up what is missing, then opens JupyterLab on the course; arguments go on to `jupyter lab`.
// This file must parse on old Node versions, which are told what to do instead of meeting a syntax error.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./jupyterlab.mjs").then((module) => module.openJupyterLab(process.argv.slice(2)));
