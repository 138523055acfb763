// `npm run docs`: the API reference, from the docstrings to dist/docs; an undocumented public name is an error.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./reference.mjs").then((module) => module.writeReference());
