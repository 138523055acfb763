// What `kernel_info_reply` says. It needs neither engine nor language service, so it is answered at once.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { protocolVersion } from "./wire.ts";

/** nnlab's own version, from the package.json above source or dist. */
export function packageVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
    } catch {
      // Not in this layout; try the other.
    }
  }
  return "0.0.0";
}

/** The TypeScript that checks the cells is tslab's own. */
function languageVersion(): string {
  const fromTslab = createRequire(createRequire(import.meta.url).resolve("tslab"));
  const { version }: { version: string } = fromTslab("@tslab/typescript-for-tslab/package.json");
  return version;
}

export function kernelInfo(): Record<string, unknown> {
  const version = packageVersion();
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation: "nnlab",
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: languageVersion(),
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: [
      `nnlab ${version}: TypeScript in Jupyter with a neural-network engine for computer vision (Node ${process.version}).`,
      "Loaded: nn, optim, data, models, metrics, show, fit, evaluate, tensor and its relatives.",
    ].join("\n"),
    help_links: [
      { text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/" },
      {
        text: "JavaScript reference (MDN)",
        url: "https://developer.mozilla.org/docs/Web/JavaScript/Reference",
      },
      { text: "Node.js", url: "https://nodejs.org/docs/latest/api/" },
    ],
    debugger: false,
    supported_features: [],
  };
}
