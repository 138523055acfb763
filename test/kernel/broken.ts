/** Messages that a kernel must drop, of every kind, made by seed. */
import fc from "fast-check";
import { Encoder, Signer } from "../../kernel/protocol/wire.ts";
import type { Channel, TestKernel } from "./client.ts";

const delimiter = Buffer.from("<IDS|MSG>");
/** What none of these may bring about. */
const content = { code: "console.log('broken in')", silent: false, restart: false };

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

/** Frames of a message of this text's parts, signed as the kernel asks for. */
function signed(signer: Signer, parts: readonly (string | Buffer)[]): Buffer[] {
  const frames = parts.map((part) => Buffer.from(part as string));
  return [delimiter, Buffer.from(signer.sign(frames)), ...frames];
}

/** Each kind by name: the reason under which the kernel counts it, and how to make one. */
function kinds({ signer, encoder }: TestKernel): Record<string, fc.Arbitrary<Uint8Array[]>> {
  const type = fc.constantFrom("execute_request", "shutdown_request", "kernel_info_request");
  const right = type.map((name) => encoder.encode([], { type: name, content }));
  const with_ = (change: (frames: Uint8Array[], chance: number) => Uint8Array[]) =>
    fc.tuple(right, fc.nat()).map(([frames, chance]) => change(frames, chance));
  const header = type.map((name) => JSON.stringify({ msg_id: "x", msg_type: name, session: "s" }));
  const inContent = (text: fc.Arbitrary<string | Buffer>) =>
    fc.tuple(header, text).map(([head, body]) => signed(signer, [head, "{}", "{}", body]));
  const elsewhere = new Encoder(new Signer("another key", "sha256"));
  return {
    "no delimiter": fc.oneof(
      fc.array(bytes, { minLength: 1, maxLength: 8 }),
      with_((frames) => [Buffer.from("<IDS|msg>"), ...frames.slice(1)]),
    ),
    "at least 5 expected": with_((frames, chance) => frames.slice(0, 1 + (chance % 5))),
    "invalid signature": fc.oneof(
      type.map((name) => elsewhere.encode([], { type: name, content })),
      with_((frames) => [delimiter, Buffer.alloc(0), ...frames.slice(2)]),
      with_((frames, chance) => {
        const changed = Buffer.from(frames[5] ?? "");
        changed.writeUInt8(changed.readUInt8(chance % changed.length) ^ 1, chance % changed.length);
        return [...frames.slice(0, 5), changed];
      }),
      fc.array(bytes, { minLength: 5, maxLength: 9 }).map((frames) => [delimiter, ...frames]),
    ),
    "header is longer": fc
      .tuple(header, fc.integer({ min: 65_537, max: 200_000 }))
      .map(([head, length]) => signed(signer, [head.padEnd(length), "{}", "{}", "{}"])),
    "content is not UTF-8": inContent(
      bytes.map((some) =>
        Buffer.concat([Buffer.from('{"code":"'), Buffer.of(0xff), some, Buffer.from('"}')]),
      ),
    ),
    "content is nested deeper": inContent(
      fc
        .tuple(fc.integer({ min: 1001, max: 20_000 }), fc.constantFrom(["[", "]"], ['{"a":', "}"]))
        .map(([depth, [open, close]]) => `{"data":${open?.repeat(depth)}1${close?.repeat(depth)}}`),
    ),
    "content is not JSON": inContent(fc.constantFrom("", "{", '{"code":}', "{'code': 1}", "\0")),
    "content is not an object": inContent(fc.constantFrom("null", "[]", "5", '"text"', "true")),
    "header has no msg_type": fc
      .constantFrom('{"msg_id":"x"}', '{"msg_id":"x","msg_type":5}', '{"msg_id":"x","msg_type":""}')
      .map((head) => signed(signer, [head, "{}", "{}", "{}"])),
  };
}

/** Sends `count` messages of all kinds; returns the reasons that the kernel's log must name. */
export async function sendBroken(kernel: TestKernel, count: number, seed: number): Promise<string[]> {
  const all = Object.entries(kinds(kernel));
  const channels: readonly Channel[] = ["shell", "control", "stdin"];
  const each = Math.ceil(count / (all.length + 1));
  for (const [at, [, kind]] of all.entries())
    for (const frames of fc.sample(kind, { numRuns: each, seed: seed + at }))
      await kernel.sendFrames(channels[frames.length % 3] ?? "shell", frames);
  // Recorded on the way and sent again: only the first is answered.
  const recorded = kernel.encoder.encode([], { type: "comm_info_request", content: {} });
  for (let i = 0; i < each; i++) await kernel.sendFrames("shell", recorded);
  return [...all.map(([reason]) => reason), "duplicate signature"];
}
