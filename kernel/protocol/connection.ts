// The connection file: where a front end expects the sockets, and the key that signs every message.

import { readFileSync, statSync } from "node:fs";

export interface Connection {
  transport: "tcp" | "ipc";
  ip: string;
  shell_port: number;
  control_port: number;
  stdin_port: number;
  iopub_port: number;
  hb_port: number;
  key: string;
  /** OpenSSL's name of the digest: `sha256`. */
  digest: string;
}

export type PortName = "shell_port" | "control_port" | "stdin_port" | "iopub_port" | "hb_port";
const portNames: readonly PortName[] = ["shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"];

/** Reads and validates a connection file; what is wrong with it is an error that names the field. */
export function readConnection(path: string): Connection {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`connection file ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return parseConnection(parsed, path);
}

/** The same for a file that is already parsed. */
export function parseConnection(value: unknown, path: string): Connection {
  if (typeof value !== "object" || value === null) throw new Error(`connection file ${path}: not an object`);
  const fields = value as Record<string, unknown>;
  const wrong = (name: string, expected: string): Error =>
    new Error(`connection file ${path}: ${name} must be ${expected}, got ${JSON.stringify(fields[name])}`);

  const transport = fields.transport ?? "tcp";
  if (transport !== "tcp" && transport !== "ipc") throw wrong("transport", '"tcp" or "ipc"');
  if (typeof fields.ip !== "string" || fields.ip === "") throw wrong("ip", "an address");
  if (typeof fields.key !== "string") throw wrong("key", "a string");
  const ports = {} as Record<PortName, number>;
  for (const name of portNames) {
    const port = fields[name];
    if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65535)
      throw wrong(name, "a port number");
    ports[name] = port;
  }
  const scheme = fields.signature_scheme ?? "hmac-sha256";
  const digest = typeof scheme === "string" ? /^hmac-([a-z0-9-]+)$/.exec(scheme)?.[1] : undefined;
  if (digest === undefined) throw wrong("signature_scheme", '"hmac-" and a digest, such as "hmac-sha256"');
  return { transport, ip: fields.ip, ...ports, key: fields.key, digest };
}

/**
 * By what others could run code in this kernel, one sentence each. They are said and not refused, as in ipykernel: Jupyter
 * writes the file for its owner alone (0600), but mounted volumes and containers may not know owners and modes.
 */
export function exposures(path: string, { transport, ip, key }: Connection): string[] {
  const found: string[] = [];
  if (process.platform !== "win32") {
    const { mode, uid } = statSync(path);
    const own = process.getuid?.();
    if ((mode & 0o077) !== 0)
      found.push(
        `others may read or write the connection file ${path} (mode ${(mode & 0o777).toString(8)}): chmod 600 it, or they can run code here`,
      );
    if (uid !== own && uid !== 0)
      found.push(`the connection file ${path} belongs to user ${uid}, who can run code here as user ${own}`);
  }
  const isLocal = transport === "ipc" || ip === "localhost" || ip === "::1" || ip.startsWith("127.");
  if (key === "" && !isLocal)
    found.push(`the connection has no key: whoever reaches ${ip} can run code here; start Jupyter with one`);
  return found;
}

/** Where the socket of one channel binds. */
export function address(connection: Connection, port: PortName): string {
  const { transport, ip } = connection;
  if (transport === "ipc") return `ipc://${ip}-${connection[port]}`;
  return `tcp://${ip.includes(":") ? `[${ip}]` : ip}:${connection[port]}`;
}
