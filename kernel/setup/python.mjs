// Finds a Python that can make the virtual environment.

import process from "node:process";
import { SetupProblem } from "./problems.mjs";
import { ask } from "./programs.mjs";

const oldestPython = [3, 10];

/** Commands that may start a Python, the likeliest first. */
export function pythonCandidates(environment = process.env, platform = process.platform) {
  if (environment.NNLAB_PYTHON) return [[environment.NNLAB_PYTHON]];
  const plain = [["python3"], ["python"]];
  const versions = ["3.13", "3.12", "3.11", "3.10"];
  if (platform === "win32")
    return [["py", "-3"], ...plain, ...versions.map((version) => ["py", `-${version}`])];
  return [...plain, ...versions.map((version) => [`python${version}`])];
}

const question = `
import sys
try:
    import venv, ensurepip
    able = 1
except ImportError:
    able = 0
print("%d.%d.%d %d %s" % (sys.version_info[0], sys.version_info[1], sys.version_info[2], able, sys.executable))
`;

/** What a Python says of itself: `{ command, version: [3, 11, 7], venv: true, path }`, or null where none answers. */
export function askPython(command) {
  const answer = ask([...command, "-c", question]);
  const match = answer?.match(/^(\d+)\.(\d+)\.(\d+) ([01]) (.*)$/);
  if (!match) return null;
  return { command, version: match.slice(1, 4).map(Number), venv: match[4] === "1", path: match[5] };
}

export function isNewEnough(version) {
  return version[0] > oldestPython[0] || (version[0] === oldestPython[0] && version[1] >= oldestPython[1]);
}

/** The first Python that is new enough and has venv; a SetupProblem says what the found ones lack. */
export function choosePython(candidates, askOne = askPython) {
  const found = [];
  for (const candidate of candidates) {
    const python = askOne(candidate);
    if (python === null) continue;
    if (isNewEnough(python.version) && python.venv) return python;
    found.push(python);
  }
  throw missingPython(found, candidates);
}

function missingPython(found, candidates) {
  const oldest = oldestPython.join(".");
  const withoutVenv = found.find((python) => isNewEnough(python.version));
  if (withoutVenv !== undefined) {
    const [major, minor] = withoutVenv.version;
    return new SetupProblem(
      `Python ${withoutVenv.version.join(".")} (${withoutVenv.path}) cannot make virtual environments: its venv or ensurepip module is missing.`,
      `on Debian and Ubuntu \`sudo apt install python3-venv\` (or python${major}.${minor}-venv); elsewhere install Python from https://www.python.org. Then run this again.`,
    );
  }
  if (found.length > 0) {
    const [first] = found;
    return new SetupProblem(
      `Python ${first.version.join(".")} (${first.path}) is too old: JupyterLab needs Python ${oldest} or newer.`,
      `install Python ${oldest} to 3.13 (https://www.python.org, apt, brew, winget); if it has another name or place, set NNLAB_PYTHON to its path. Then run this again.`,
    );
  }
  const tried = candidates.map((command) => command.join(" ")).join(", ");
  return new SetupProblem(
    `No Python was found (tried ${tried}).`,
    `install Python ${oldest} to 3.13 with venv (Debian and Ubuntu: \`sudo apt install python3 python3-venv\`; else https://www.python.org, brew, winget); if it lies elsewhere, set NNLAB_PYTHON to its path. Then run this again.`,
  );
}
