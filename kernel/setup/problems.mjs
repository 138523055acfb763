// What goes wrong on other people's machines, each with its remedy. Knows nothing of how the steps are run.

import { stripVTControlCharacters } from "node:util";

/** A problem the user can solve: the sentence that names it, what to do, and the last output of the program that failed. */
export class SetupProblem extends Error {
  constructor(problem, remedy, output = "") {
    super(problem);
    this.name = "SetupProblem";
    this.remedy = remedy;
    this.output = output;
  }

  toString() {
    const lines = lastLines(this.output, 12).map((line) => `    | ${line}`);
    return [...lines, this.message, `  Remedy: ${this.remedy}`].join("\n");
  }
}

/** The last lines that say something, without the colours of a terminal. */
export function lastLines(output, count) {
  return stripVTControlCharacters(output)
    .split(/\r?\n/)
    .map((line) => line.slice(0, 300).trimEnd())
    .filter((line) => line.trim() !== "")
    .slice(-count);
}

/** Programs say the same thing in many ways; the first pattern found in the output decides. */
const knownProblems = [
  {
    pattern: /ENOSPC|No space left on device|disk full|not enough space on the disk/i,
    problem: "The disk is full.",
    remedy:
      "free at least 1.5 GB where this folder lies (and for the temporary folder), then run this again.",
  },
  {
    pattern: /ensurepip is not available|No module named '?(venv|ensurepip)'?/i,
    problem: "This Python cannot make virtual environments: its venv module is missing.",
    remedy:
      "on Debian and Ubuntu `sudo apt install python3-venv`; elsewhere install Python from https://www.python.org. Then run this again.",
  },
  {
    pattern: /can only install packages when your package\.json and package-lock\.json/i,
    problem: "package.json and package-lock.json do not belong together.",
    remedy:
      "`git checkout package.json package-lock.json`, or `npm install` when you changed a dependency on purpose.",
  },
  {
    pattern: /EINTEGRITY|THESE PACKAGES DO NOT MATCH THE HASHES/i,
    problem: "A downloaded package is not the one that was locked: the download or the cache is damaged.",
    remedy: "`npm cache clean --force` (or `pip cache purge`), then run this again.",
  },
  {
    pattern:
      /CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE/i,
    problem: "The network's certificate is not trusted; often a company's or school's proxy.",
    remedy:
      "set NODE_EXTRA_CA_CERTS (npm) and PIP_CERT (pip) to the proxy's certificate file, then run this again.",
  },
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|NewConnectionError|Failed to establish a new connection|Temporary failure in name resolution|Name or service not known|ReadTimeoutError|ProxyError/i,
    problem: "The package registry cannot be reached.",
    remedy:
      "check the network (and HTTPS_PROXY, where there is a proxy), then run this again: what is already installed is kept. After one complete set-up nnlab works offline.",
  },
  {
    pattern: /EACCES|EPERM|EROFS|Permission denied|Read-only file system|Access is denied/i,
    problem: "A file may not be written.",
    remedy:
      "make this folder yours (`sudo chown -R $USER .` after an earlier run as root), close programs that use it, and on Windows try a folder outside OneDrive.",
  },
  {
    pattern: /No matching distribution found|Could not find a version that satisfies/i,
    problem: "A pinned Python package does not exist for this Python on this machine.",
    remedy: "use Python 3.10 to 3.13: set NNLAB_PYTHON to its path, then run this again.",
  },
];

/** The problem behind a failed program's output. */
export function diagnose(title, output, code) {
  const known = knownProblems.find(({ pattern }) => pattern.test(output));
  if (known !== undefined) return new SetupProblem(known.problem, known.remedy, output);
  return new SetupProblem(
    `The step "${title}" failed (${code}).`,
    "the lines above are the program's own; run this again once they are dealt with: finished steps are kept.",
    output,
  );
}

/** Any error as a problem with a remedy, so that nobody is left with a stack trace of the set-up. */
export function asProblem(title, error) {
  if (error instanceof SetupProblem) return error;
  return diagnose(title, error instanceof Error ? `${error.message}` : String(error), "error");
}
