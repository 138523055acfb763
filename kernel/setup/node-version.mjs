// Which Node can run the set-up. Kept apart, in plain old JavaScript, because an outdated Node has to get this far.

import process from "node:process";

export var oldestSetupNode = 20;

/** What to tell the user of a Node that is too old for the set-up; null when it will do. */
export function nodeVersionProblem(version) {
  if (Number(version.split(".")[0]) >= oldestSetupNode) return null;
  return (
    "Node " +
    version +
    " is too old: nnlab's set-up needs Node " +
    oldestSetupNode +
    " or newer.\n" +
    "  Remedy: install a current Node from https://nodejs.org (or by nvm, fnm, brew, winget), then run this again."
  );
}

/** Ends the process with the remedy where Node is too old. */
export function refuseOldNode(version) {
  var problem = nodeVersionProblem(version);
  if (problem === null) return;
  console.error(problem);
  process.exit(1);
}
