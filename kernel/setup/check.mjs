// `npm run check`: types (tests too), lint and format, and the rules of structure; says all that is wrong, not only the first.

import process from "node:process";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode(process.versions.node);
import("./checks.mjs").then((module) => module.runChecks());
