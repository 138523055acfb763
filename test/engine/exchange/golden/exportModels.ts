/** Writes the models of onnxModels.ts to a folder as ONNX, for onnxruntime.py: node exportModels.ts folder */
import { join } from "node:path";
import { argv } from "node:process";
import { saveOnnx } from "../../../../engine/exchange/index.ts";
import { startOnNode } from "../../../../engine/node.ts";
import { exported, filled, numbers } from "../onnxModels.ts";

startOnNode();
for (const [name, [make, input]] of Object.entries(exported))
  await saveOnnx(join(argv[2]!, `${name}.onnx`), filled(make()), numbers([1, ...input], 7));
