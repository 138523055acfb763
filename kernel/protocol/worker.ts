// The protocol thread. The language thread takes longest to start, so it is started before anything else is loaded.

import { workerData } from "node:worker_threads";
import { keepCompiledCode } from "../compile-cache.ts";
import type { ProtocolOptions } from "../execution/messages.ts";
import { startLanguage } from "../language/language.ts";

keepCompiledCode();
const options: ProtocolOptions = workerData;
const language = startLanguage({ directory: options.directory, preload: { module: options.preload } });
const { serve } = await import("./serve.ts");
await serve(options, language);
