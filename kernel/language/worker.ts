// The language thread: answers `language.ts` in the order of asking.

import { mkdirSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { LanguageOptions, LanguageRequest, LanguageResponse } from "./language.ts";
import type { LanguageService } from "./service.ts";

/** Two compilers are 17 MB of JavaScript: keep what V8 makes of them between starts. */
function keepCompiledCode(): void {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(caches, "nnlab", "compiled");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // A home that cannot be written only makes the start slower.
  }
}

let service: LanguageService | null = null;

async function load(): Promise<LanguageService> {
  keepCompiledCode();
  const { createLanguageService } = await import("./service.ts");
  return createLanguageService(workerData as LanguageOptions);
}

async function answer(request: LanguageRequest): Promise<NonNullable<LanguageResponse["answer"]> | null> {
  service ??= await load();
  switch (request.call) {
    case "warm":
      service.warm();
      // A Worker that is ended with its process does not get to it.
      flushCompileCache();
      return null;
    case "check":
      return service.check(...request.arguments);
    case "complete":
      return service.complete(...request.arguments);
    case "inspect":
      return service.inspect(...request.arguments);
    case "isComplete":
      return service.isComplete(...request.arguments);
  }
}

let queue: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: LanguageRequest) => {
  queue = queue.then(async () => {
    let response: LanguageResponse;
    try {
      response = { id: request.id, answer: await answer(request) };
    } catch (error) {
      response = {
        id: request.id,
        failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
    parentPort?.postMessage(response);
  });
});
