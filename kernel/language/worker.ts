// The language thread: answers `language.ts` in the order of asking.

import { flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { keepCompiledCode } from "../compile-cache.ts";
import type { LanguageOptions, LanguageRequest, LanguageResponse } from "./language.ts";
import { restSoon } from "./rest.ts";
import type { LanguageService } from "./service.ts";

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
      service.load();
      // What has come meanwhile is seen now: a first cell that waits warms the checker as well.
      await new Promise((resolve) => setImmediate(resolve));
      if (waiting === 1) service.warm();
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
/** The requests that have no answer yet. */
let waiting = 0;

parentPort?.on("message", (request: LanguageRequest) => {
  waiting++;
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
    waiting--;
    parentPort?.postMessage(response);
    restSoon(() => service?.tidy());
  });
});
