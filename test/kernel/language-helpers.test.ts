/** Helpers (`%who`, `%install` …) in a running kernel, with the real engine and with npm against a registry of our own. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findNpm } from "../../kernel/execution/packages.ts";
import { temporaryFolder } from "../support/jupyter.ts";
import { only, resultText, streamText, TestKernel } from "./client.ts";

const folder = temporaryFolder("helpers");
afterAll(folder.remove);

describe("with the engine", () => {
  let kernel: TestKernel;
  beforeAll(async () => {
    kernel = await TestKernel.start({ directory: folder.path });
    await kernel.execute("1", {}, 120_000);
  }, 180_000);
  afterAll(() => kernel.stop());

  test("%who tells shapes, memory and parameters", async () => {
    await kernel.execute("const images = zeros([64, 1, 28, 28]); const model = nn.linear(784, 10);");
    const printed = streamText(await kernel.execute("%who"));
    expect(printed).toMatch(/^images +Tensor \[64, 1, 28, 28\] float32 +201 kB$/m);
    expect(printed).toMatch(/^model +Linear +7,850 parameters, 31 kB$/m);
  });

  test("%reset frees the tensors and restores what was shadowed", async () => {
    await kernel.execute("const large = zeros([1000, 1000]); const keep = () => large; let nn = 'mine';");
    const ran = await kernel.execute("%reset");
    expect(streamText(ran)).toMatch(/^5 names forgotten; 4\.\d MB of tensors freed\.\n$/);
    expect(resultText(await kernel.execute("typeof nn.linear"))).toBe("'function'");
    expect(only(await kernel.execute("large"), "error").evalue).toContain("Cannot find name 'large'");
  });

  test("?name shows Markdown and text", async () => {
    const { data } = only(await kernel.execute("?nn.conv2d"), "display_data") as {
      data: Record<string, string>;
    };
    expect(data["text/plain"]).toContain("conv2d(");
    expect(data["text/markdown"]).toMatch(/^```typescript\n/);
  });

  test("%load asks the front end to show the text in the cell's place, and runs it", async () => {
    writeFileSync(join(folder.path, "loaded.ts"), "const loaded = 6;\nloaded * 7\n");
    const ran = await kernel.execute("%load loaded.ts");
    const text = "// %load loaded.ts\nconst loaded = 6;\nloaded * 7\n";
    expect(ran.reply.content.payload).toEqual([{ source: "set_next_input", text, replace: true }]);
    expect(resultText(ran)).toBe("42");
    writeFileSync(join(folder.path, "throws.ts"), "const fine = 1;\nthrow new Error('in the file');\n");
    const failed = await kernel.execute("%load throws.ts");
    expect(JSON.stringify(only(failed, "error").traceback)).toContain(
      "> 3 | throw new Error('in the file');",
    );
  });

  test("a wrong helper stops the cell before it runs", async () => {
    const ran = await kernel.execute("console.log('ran');\n%tiem f()");
    expect(only(ran, "error")).toMatchObject({ ename: "TypeScriptError" });
    expect(only(ran, "error").evalue).toContain("did you mean %time?");
    expect(streamText(ran)).toBe("");
  });
});

interface Published {
  version: string;
  files: Record<string, string>;
}

/** An npm registry with a few packages; what is called `stuck` never answers. */
async function startRegistry(packages: Record<string, Published>): Promise<{ url: string; server: Server }> {
  const archives = new Map<string, Buffer>();
  for (const [name, { version, files }] of Object.entries(packages)) {
    const manifest = JSON.stringify({ name, version, ...JSON.parse(files["package.json"] ?? "{}") });
    const entries = Object.entries({ ...files, "package.json": manifest }).map(([path, body]) => ({
      header: { name: `package/${path}`, size: Buffer.byteLength(body), type: "file" as const },
      body,
    }));
    archives.set(name, gzipSync(await packTar(entries)));
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", url);
    const name = decodeURIComponent(pathname.slice(1)).replace(/\/-\/.*$/, "");
    const archive = archives.get(name);
    if (name === "stuck") return;
    if (pathname === "/-/v1/search") {
      const objects = Object.keys(packages).map((each) => ({
        package: {
          name: each,
          version: "1.0.0",
          date: "2026-01-01",
          links: {},
          maintainers: [],
          keywords: [],
        },
      }));
      response.end(JSON.stringify({ objects, total: objects.length }));
    } else if (!archive) response.writeHead(404).end(JSON.stringify({ error: "not_found" }));
    else if (pathname.endsWith(".tgz")) response.end(archive);
    else {
      const { version = "" } = packages[name] ?? {};
      const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
      const dist = { tarball: `${url}/${name}/-/${name.replace(/.*\//, "")}-${version}.tgz`, integrity };
      const versions = { [version]: { name, version, dist } };
      response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, server };
}

describe("%install", { timeout: 300_000 }, () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  const notebook = temporaryFolder("install");
  let kernel: TestKernel | null = null;

  beforeAll(async () => {
    expect(findNpm(), "these tests need npm").not.toBeNull();
    registry = await startRegistry({
      "tiny-geometry": {
        version: "1.2.0",
        files: {
          "package.json": JSON.stringify({
            type: "module",
            exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
          }),
          "index.js": "export const area = (width, height) => width * height;\n",
          "index.d.ts":
            "/** Of a rectangle. */\nexport declare function area(width: number, height: number): number;\n",
        },
      },
      untyped: { version: "2.0.0", files: { "index.js": "exports.seven = 7;\n" } },
      "@types/untyped": { version: "2.0.0", files: { "index.d.ts": "export const seven: number;\n" } },
    });
  });
  afterAll(() => {
    registry.server.closeAllConnections();
    registry.server.close();
    notebook.remove();
  });
  async function start(env: NodeJS.ProcessEnv = {}): Promise<TestKernel> {
    kernel = await TestKernel.start({
      directory: notebook.path,
      env: {
        npm_config_registry: registry.url,
        npm_config_cache: join(notebook.path, "cache"),
        npm_config_fetch_retries: "0",
        ...env,
      },
    });
    // The first check takes long on a busy machine.
    await kernel.execute("1", {}, 120_000);
    return kernel;
  }
  afterEach(async () => {
    await kernel?.stop();
    kernel = null;
  });

  test("adds a package whose types the same cell knows; a second cell completes it", async () => {
    const { execute, request } = bound(await start());
    const ran = await execute('%install tiny-geometry\nimport { area } from "tiny-geometry";\narea(6, 7)');
    expect(streamText(ran), JSON.stringify(ran.reply.content)).toMatch(
      /^Installing tiny-geometry …(?:.|\r)*done in .*\ntiny-geometry 1\.2\.0 is installed\.\n$/,
    );
    expect(resultText(ran)).toBe("42");
    expect(streamText(ran, "stderr")).toBe("");
    const manifest: unknown = JSON.parse(readFileSync(join(notebook.path, "package.json"), "utf8"));
    expect(manifest).toEqual({ private: true, dependencies: { "tiny-geometry": "^1.2.0" } });
    const wrong = await execute('area("6", 7)');
    expect(only(wrong, "error").evalue).toContain("Argument of type 'string'");
    const code = 'import { ar } from "tiny-geometry"';
    const { reply } = await request("shell", "complete_request", { code, cursor_pos: 11 });
    expect(reply.content.matches).toEqual(["area"]);
  });

  test("finds types elsewhere for a package that brings none", async () => {
    const { execute } = bound(await start());
    const missing = await execute('import { seven } from "untyped"');
    expect(only(missing, "error").ename).toBe("TypeScriptError");
    const ran = await execute("%install untyped");
    expect(streamText(ran)).toContain("untyped 2.0.0 is installed.");
    const wrong = await execute('import { seven } from "untyped"; const text: string = seven;');
    expect(only(wrong, "error").evalue).toContain("Type 'number' is not assignable to type 'string'");
    expect(resultText(await execute('import { seven } from "untyped"; seven'))).toBe("7");
  });

  test("says what is wrong, and leaves the folder as it was", async () => {
    const before = '{"private":true}';
    writeFileSync(join(notebook.path, "package.json"), before);
    const { execute } = bound(await start());
    const error = async (code: string): Promise<unknown> => only(await execute(code), "error").evalue;
    expect(await error("%install tiny-geometri")).toBe(
      "npm has no package tiny-geometri; did you mean tiny-geometry?",
    );
    expect(await error("%install tiny-geometry@99")).toMatch(/^npm has no such version: .*tiny-geometry@99/);
    expect(await error("%install tiny!geometry")).toBe(
      "tiny!geometry is no name of a package; write names like zod, zod@3 or @scope/name",
    );
    expect(await error("%install fs")).toBe(
      'fs is a part of Node and needs no installing: import it from "node:fs"',
    );
    expect(readFileSync(join(notebook.path, "package.json"), "utf8")).toBe(before);
  });

  test("without a network, and without npm", async () => {
    const unreachable = await start({ npm_config_registry: "http://127.0.0.1:9" });
    const offline = await unreachable.execute("%install other", {}, 60_000);
    expect(only(offline, "error").evalue).toMatch(
      /^npm could not reach http:\/\/127\.0\.0\.1:9 .*needs a network/,
    );
    expect(streamText(offline, "stderr")).toBe("");
    expect(findNpm("/nowhere/bin/node", "")).toBeNull();
  });

  test("is interrupted", async () => {
    const running = await start();
    const id = await running.submit("%install stuck");
    await running.output(id, "Installing stuck … ");
    await running.request("control", "interrupt_request");
    const { reply } = await running.finish("shell", id);
    expect(reply.content.ename).toBe("KeyboardInterrupt");
    expect(existsSync(join(notebook.path, "node_modules", "stuck"))).toBe(false);
    expect(resultText(await running.execute("1 + 1"))).toBe("2");
  });
});

/** With time for a first check on a busy machine. */
function bound(kernel: TestKernel) {
  return {
    execute: (code: string) => kernel.execute(code, {}, 60_000),
    request: kernel.request.bind(kernel),
  };
}
