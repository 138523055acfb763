// Requests that are answered at once, whatever the main thread does: what the reply to each type says.

import { toCodePoints, toUtf16 } from "../language/cursor.ts";
import type { Language } from "../language/language.ts";
import type { Connection } from "./connection.ts";
import type { History } from "./history.ts";
import { kernelInfo } from "./info.ts";

export type Content = Record<string, unknown>;

/** What makes the content of a reply out of a request's; `status` is "ok" unless it says otherwise, or throws. */
export type Answer = (content: Content) => Content | Promise<Content>;

/** A request that cannot be answered as it is; the front end gets it as a reply with `status: "error"`. */
export class RequestError extends Error {
  override name = "RequestError";
}

export interface AnswerParts {
  language: Language;
  history: History;
  connection: Connection;
  /** The open comms: id → target. */
  comms: ReadonlyMap<string, string>;
  interrupt(): void;
}

/** All these answers, by the type of the request. */
export function createAnswers(parts: AnswerParts): ReadonlyMap<string, Answer> {
  const { language, history, connection, comms, interrupt } = parts;

  async function complete(content: Content): Promise<Content> {
    const code = requireString("complete_request", content, "code");
    const cursor = cursorOf("complete_request", content, code);
    const { matches, start, end } = await language.complete(code, cursor);
    const range = { cursor_start: toCodePoints(code, start), cursor_end: toCodePoints(code, end) };
    const types = matches.map((match) => ({ ...match, start: range.cursor_start, end: range.cursor_end }));
    return {
      matches: matches.map((match) => match.text),
      ...range,
      metadata: { _jupyter_types_experimental: types },
    };
  }

  async function inspect(content: Content): Promise<Content> {
    const code = requireString("inspect_request", content, "code");
    const level = content.detail_level === 1 ? 1 : 0;
    const cursor = cursorOf("inspect_request", content, code);
    const { found, markdown, text } = await language.inspect(code, cursor, level);
    return { found, data: found ? { "text/plain": text, "text/markdown": markdown } : {}, metadata: {} };
  }

  async function isComplete(content: Content): Promise<Content> {
    const code = requireString("is_complete_request", content, "code");
    const { status, indent } = await language.isComplete(code);
    return status === "incomplete" ? { status, indent: indent ?? "" } : { status };
  }

  function commInfo({ target_name: target }: Content): Content {
    const open = [...comms].filter(([, name]) => target === undefined || target === null || target === name);
    return { comms: Object.fromEntries(open.map(([id, target_name]) => [id, { target_name }])) };
  }

  function connect(): Content {
    const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
    return { shell_port, iopub_port, stdin_port, control_port, hb_port };
  }

  function interruptNow(): Content {
    interrupt();
    return {};
  }

  return new Map<string, Answer>([
    ["kernel_info_request", kernelInfo],
    ["connect_request", connect],
    ["history_request", (content) => ({ history: history.answer(content) })],
    ["comm_info_request", commInfo],
    ["complete_request", complete],
    ["inspect_request", inspect],
    ["is_complete_request", isComplete],
    ["interrupt_request", interruptNow],
    ["debug_request", refuseDebugging],
    // Not advertised, see `supported_features`: all code runs on the one main thread, and what a subshell is for
    // without code (completion, inspection, history while a cell runs) the one shell does.
    ["create_subshell_request", () => refuse("create_subshell_request", "this kernel has no subshells")],
    ["delete_subshell_request", () => refuse("delete_subshell_request", "this kernel has no subshells")],
    ["list_subshell_request", () => refuse("list_subshell_request", "this kernel has no subshells")],
  ]);
}

function refuse(type: string, reason: string): never {
  throw new RequestError(`${type}: ${reason}; kernel_info_reply lists the supported features`);
}

/** Debuggers read their own protocol's response, which says the same in other fields. */
function refuseDebugging({ command, seq }: Content): Content {
  const message =
    "debug_request: this kernel has no debugger; kernel_info_reply lists the supported features";
  const failure = { status: "error", ename: "RequestError", evalue: message, traceback: [] };
  return {
    ...failure,
    type: "response",
    request_seq: seq ?? 0,
    success: false,
    command: command ?? "",
    message,
  };
}

/** The text in `content[name]`; throws a RequestError that says what is there instead. */
export function requireString(type: string, content: Content, name: string): string {
  const value = content[name];
  if (typeof value === "string") return value;
  throw new RequestError(`${type}: ${name} must be a string, got ${JSON.stringify(value) ?? "nothing"}`);
}

/** Where the cursor is, in UTF-16 units; at the end where the front end does not say. */
function cursorOf(type: string, content: Content, code: string): number {
  const position = content.cursor_pos ?? null;
  if (position === null) return code.length;
  if (typeof position === "number" && Number.isInteger(position) && position >= 0)
    return toUtf16(code, position);
  throw new RequestError(
    `${type}: cursor_pos must be a count of characters, got ${JSON.stringify(position)}`,
  );
}
