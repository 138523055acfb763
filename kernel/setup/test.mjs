// `npm test`: sets up what is missing, then runs every test on the pinned Node; arguments go on to vitest.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./vitest.mjs").then((module) => module.runTests(process.argv.slice(2)));
