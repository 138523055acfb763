// `npm run check`: types (tests too), lint and format, the rules of structure, docstrings; says all that is wrong, not only the first.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./checks.mjs").then((module) => module.runChecks());
