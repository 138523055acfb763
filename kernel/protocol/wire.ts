// Jupyter messages as ZeroMQ frames: identities, delimiter, signature, header, parent, metadata, content, buffers.
// Nothing of a message is parsed before its signature is verified.

import { isUtf8 } from "node:buffer";
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** The version of the messaging specification that every header states. */
export const protocolVersion = "5.4";

const delimiter = Buffer.from("<IDS|MSG>");

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export interface Message {
  identities: Uint8Array[];
  header: Header;
  parentHeader: Partial<Header>;
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers: Uint8Array[];
}

/** A message that is dropped: unsigned, altered, replayed or malformed. */
export class WireError extends Error {
  override name = "WireError";
}

/** How many signatures are remembered, so that a recorded message cannot be sent again; as many as in jupyter_client. */
const replayMemory = 65_536;

/** 128 bits of a signature tell it from all others. */
const replayedCharacters = 32;

/** Headers are a few hundred bytes, and they are sent back with everything that answers them. */
const largestHeader = 65_536;

/** Lists and objects in each other; what is deeper could not be written or passed on without exhausting the stack. */
const deepest = 1000;

/** Signs and verifies with the connection's key; an empty key turns both off, as the specification says. */
export class Signer {
  readonly #key: string;
  readonly #digest: string;
  readonly #seen = new Set<string>();

  constructor(key: string, digest: string) {
    this.#key = key;
    this.#digest = digest;
    this.sign([]);
  }

  sign(frames: readonly Uint8Array[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#digest, this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Throws unless `signature` belongs to `frames` and has not been used before. */
  verify(signature: Uint8Array, frames: readonly Uint8Array[]): void {
    if (this.#key === "") return;
    const expected = Buffer.from(this.sign(frames));
    if (expected.length !== signature.length || !timingSafeEqual(expected, signature))
      throw new WireError("invalid signature");
    const short = expected.toString("latin1", 0, replayedCharacters);
    if (this.#seen.has(short)) throw new WireError("duplicate signature");
    this.#seen.add(short);
    if (this.#seen.size > replayMemory) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseRecord(frame: Uint8Array, part: string): Record<string, unknown> {
  if (!isUtf8(frame)) throw new WireError(`${part} is not UTF-8`);
  if (isTooDeep(frame)) throw new WireError(`${part} is nested deeper than ${deepest}`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8"));
  } catch {
    throw new WireError(`${part} is not JSON`);
  }
  if (!isRecord(value)) throw new WireError(`${part} is not an object`);
  return value;
}

/** Whether brackets outside strings stand deeper in each other than allowed. */
function isTooDeep(json: Uint8Array): boolean {
  if (json.length <= deepest) return false;
  let depth = 0;
  let isText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === 0x22 /* " */) isText = !isText;
    else if (isText) {
      if (byte === 0x5c /* \ */) i++;
    } else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
      if (++depth > deepest) return true;
    } else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) depth--;
  }
  return false;
}

/** Verifies, then parses. */
export function decode(frames: readonly Uint8Array[], signer: Signer): Message {
  const split = frames.findIndex((frame) => delimiter.equals(frame));
  if (split < 0) throw new WireError("no delimiter");
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(split + 1);
  if (!signature || !header || !parent || !metadata || !content)
    throw new WireError(`${frames.length - split - 1} frames after the delimiter, at least 5 expected`);
  for (const [part, frame] of Object.entries({ header, "parent header": parent }))
    if (frame.length > largestHeader) throw new WireError(`${part} is longer than ${largestHeader} bytes`);
  signer.verify(signature, [header, parent, metadata, content]);

  const fields = parseRecord(header, "header");
  for (const name of ["msg_id", "msg_type"])
    if (typeof fields[name] !== "string" || fields[name] === "") throw new WireError(`header has no ${name}`);
  return {
    identities: frames.slice(0, split),
    // Sent back as parent header exactly as it came, with fields of newer versions too.
    header: { session: "", username: "", date: "", version: "5.0", ...fields } as Header,
    parentHeader: parseRecord(parent, "parent header"),
    metadata: parseRecord(metadata, "metadata"),
    content: parseRecord(content, "content"),
    buffers,
  };
}

export interface Outgoing {
  type: string;
  /** A record, or its JSON where that exists already. */
  content: Record<string, unknown> | string;
  parent?: Partial<Header>;
  metadata?: Record<string, unknown>;
  buffers?: readonly Uint8Array[];
}

/** Writes messages of one session. */
export class Encoder {
  readonly session: string = randomUUID();
  readonly #signer: Signer;
  #count = 0;

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  encode(identities: readonly Uint8Array[], message: Outgoing): Uint8Array[] {
    const header: Header = {
      msg_id: `${this.session}_${this.#count++}`,
      msg_type: message.type,
      session: this.session,
      username: "kernel",
      date: new Date().toISOString(),
      version: protocolVersion,
    };
    const { content } = message;
    const parts = [
      JSON.stringify(header),
      JSON.stringify(message.parent ?? {}),
      JSON.stringify(message.metadata ?? {}),
      typeof content === "string" ? content : JSON.stringify(content),
    ].map((part) => Buffer.from(part));
    return [
      ...identities,
      delimiter,
      Buffer.from(this.#signer.sign(parts)),
      ...parts,
      ...(message.buffers ?? []),
    ];
  }
}
