/** A web server on this machine that plays a mirror: serves files, breaks off, lies. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export interface Mirror {
  readonly address: string;
  /** The files asked for: `name`, or `name bytes=100- of "version"`. */
  readonly requests: string[];
}

export type Answer = (response: ServerResponse, request: IncomingMessage, name: string) => void;

/** Starts a mirror for the length of the test. */
export async function startMirror(answer: Answer): Promise<Mirror> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? "").slice(1);
    const { range, "if-range": version } = request.headers;
    requests.push(range === undefined ? name : `${name} ${range} of ${version}`);
    answer(response, request, name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { address: `http://127.0.0.1:${address.port}`, requests };
}

/** Serves whole files with their lengths; 404 for others. */
export function serve(files: Readonly<Record<string, Uint8Array>>): Answer {
  return (response, _, name) => {
    const bytes = files[name];
    if (bytes === undefined) {
      response.writeHead(404).end("not here");
      return;
    }
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  };
}

/** Sends `sent` bytes of what it announced, then cuts the connection; answers ranges when `tag` is given. */
export function breakOff(bytes: Uint8Array, sent: number, tag: string | null): Answer {
  return (response, request) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": rest.length,
      ...(tag === null ? {} : { etag: tag }),
    });
    if (rest.length <= sent) response.end(rest);
    else response.write(rest.subarray(0, sent), () => setTimeout(() => response.destroy(), 20));
  };
}
