// `npm run soak`: the long forms of what `npm test` tries briefly, with figures; arguments go on to vitest.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./vitest.mjs").then((module) => module.runSoak(process.argv.slice(2)));
