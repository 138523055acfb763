/** Frames and signatures: what is not signed with the connection's key is not even parsed. */
import { randomUUID } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { decode, Encoder, Signer, WireError } from "../../kernel/protocol/wire.ts";

const key = randomUUID();
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Frames of a message, signed with `key`, whose parts are these texts. */
function signed(parts: string[], signature?: string): Uint8Array[] {
  const frames = parts.map(bytes);
  return [
    bytes("identity"),
    bytes("<IDS|MSG>"),
    bytes(signature ?? new Signer(key, "sha256").sign(frames)),
    ...frames,
  ];
}
const header = JSON.stringify({ msg_id: "1", msg_type: "kernel_info_request", session: "s" });
const good = [header, "{}", "{}", "{}"];

describe("messages that arrive", () => {
  test("are read with identities, records and buffers", () => {
    const frames = signed([...good.slice(0, 3), '{"code":"größer 🎓"}']);
    const message = decode([...frames, bytes("raw")], new Signer(key, "sha256"));
    expect(message.identities.map(String)).toEqual([String(bytes("identity"))]);
    expect(message.header.msg_type).toBe("kernel_info_request");
    expect(message.content).toEqual({ code: "größer 🎓" });
    expect(message.buffers).toHaveLength(1);
  });

  test("are refused before they are parsed when the signature is wrong", () => {
    const parse = vi.spyOn(JSON, "parse");
    const frames = signed(good, "0".repeat(64));
    expect(() => decode(frames, new Signer(key, "sha256"))).toThrow("invalid signature");
    expect(() => decode(signed(good, ""), new Signer(key, "sha256"))).toThrow("invalid signature");
    expect(() => decode(signed(good), new Signer("another key", "sha256"))).toThrow("invalid signature");
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  test("are refused when one bit was changed on the way", () => {
    for (const changed of [3, 4, 5, 6]) {
      const frames = signed(good);
      const frame = Buffer.from(frames[changed] ?? []);
      frame.writeUInt8(frame.readUInt8(0) ^ 1, 0);
      frames[changed] = frame;
      expect(() => decode(frames, new Signer(key, "sha256"))).toThrow("invalid signature");
    }
  });

  test("are refused when they come a second time", () => {
    const signer = new Signer(key, "sha256");
    decode(signed(good), signer);
    expect(() => decode(signed(good), signer)).toThrow("duplicate signature");
  });

  test.each([
    ["no delimiter", [bytes("a"), bytes("b")], "no delimiter"],
    ["too few frames", signed(good).slice(0, -1), "at least 5"],
    ["a header that is no JSON", signed(["{", "{}", "{}", "{}"]), "header is not JSON"],
    ["a header that is a list", signed(["[]", "{}", "{}", "{}"]), "header is not an object"],
    ["a header without type", signed(['{"msg_id":"1"}', "{}", "{}", "{}"]), "no msg_type"],
    ["content that is null", signed([header, "{}", "{}", "null"]), "content is not an object"],
    ["no frames at all", [], "no delimiter"],
  ])("%s is a WireError that says so", (_name, frames, message) => {
    const attempt = (): unknown => decode(frames, new Signer(key, "sha256"));
    expect(attempt).toThrow(WireError);
    expect(attempt).toThrow(message);
  });

  test("need no signature when the connection has no key", () => {
    expect(decode(signed(good, ""), new Signer("", "sha256")).header.msg_id).toBe("1");
  });
});

describe("messages that leave", () => {
  test("can be read with the same key, and carry JSON that is already written", () => {
    const encoder = new Encoder(new Signer(key, "sha256"));
    const parent = { msg_id: "7" };
    const frames = encoder.encode([bytes("topic")], { type: "stream", content: '{"text":"a"}', parent });
    const message = decode(frames, new Signer(key, "sha256"));
    expect(message.header).toMatchObject({ msg_type: "stream", version: "5.4", session: encoder.session });
    expect(message.parentHeader).toEqual(parent);
    expect(message.content).toEqual({ text: "a" });
  });

  test("have ids of their own", () => {
    const encoder = new Encoder(new Signer(key, "sha256"));
    const ids = [1, 2].map(
      () =>
        decode(encoder.encode([], { type: "status", content: {} }), new Signer("", "sha256")).header.msg_id,
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  test("follow HMAC SHA-256 as published (RFC 4231, test case 2)", () => {
    const signer = new Signer("Jefe", "sha256");
    const parts = ["what do ya ", "want for nothing?"].map(bytes);
    expect(signer.sign(parts)).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  });
});
