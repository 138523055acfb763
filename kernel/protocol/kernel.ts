// The kernel as front ends see it: answers requests, runs cells one after the other, publishes what they show.
// Knows no sockets (worker.ts connects it) and no user code (that is the main thread's).

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import {
  backlogCost,
  type CommEvent,
  type FromMain,
  Input,
  interruptFailure,
  interruptName,
  type Outcome,
  Signal,
  type ToMain,
} from "../execution/messages.ts";
import { formatDiagnostics, renamed } from "../execution/traceback.ts";
import type { Checked, CheckRequest, Language } from "../language/language.ts";
import { AbortRule } from "./abort.ts";
import { type Answer, type Content, createAnswers, requireString } from "./answers.ts";
import type { Capture } from "./capture.ts";
import type { Connection } from "./connection.ts";
import { History } from "./history.ts";
import type { Interrupter, Target } from "./interrupter.ts";
import { fillers, type Missed } from "./iopub.ts";
import type { Lifetime } from "./lifetime.ts";
import { Shown } from "./limits.ts";
import type { MemoryWatch } from "./memory.ts";
import type { ChannelName } from "./sockets.ts";
import { Streams } from "./streams.ts";
import type { Encoder, Header, Message, Outgoing } from "./wire.ts";

/** What was cut of late output is stated at most once in this time. */
const lateCutsMilliseconds = 1000;
/** Cells whose late output still finds its place. */
const rememberedCells = 1000;

interface Request extends Message {
  channel: ChannelName;
  receivedAt: number;
  silent: boolean;
  shown: Shown;
}

interface Running {
  cell: number;
  request: Request;
  settle(outcome: Outcome): void;
  settled: Promise<Outcome>;
  /** Whether it has not been settled yet. */
  open: boolean;
  /** Told what the main thread says of code that it was given for this request. */
  ended: (outcome: Outcome) => void;
  /** What the front end is asked to do when it has the reply. */
  payload: Record<string, unknown>[];
}

export interface Wires {
  send(channel: ChannelName, frames: Uint8Array[]): void;
  publish(frames: Uint8Array[]): void;
  /** Calls back when not much waits to be published; perhaps at once. */
  whenRoomy(callback: () => void): void;
  log(message: string): void;
  /** Sends what waits, then ends the process. */
  exit(): void;
}

export interface KernelParts {
  wires: Wires;
  encoder: Encoder;
  interrupter: Interrupter;
  signals: Int32Array<SharedArrayBuffer>;
  main: MessagePort;
  input: MessagePort;
  language: Language;
  connection: Connection;
  lifetime: Lifetime;
  memory: MemoryWatch;
}

export class Kernel {
  readonly #parts: KernelParts;
  readonly #history = new History();
  readonly #answers: ReadonlyMap<string, Answer>;
  readonly #abortRule = new AbortRule();
  readonly #streams = new Streams<Request>((request, name, text) =>
    this.#publish("stream", { name, text }, request.header),
  );
  readonly #requests = new Map<number, Request>();
  readonly #comms = new Map<string, string>();
  /** Messages to comms that are handled while a cell runs, where it awaits; by number. */
  readonly #besides = new Map<number, Request>();
  readonly #pings = new Map<number, () => void>();
  #lateCuts: NodeJS.Timeout | null = null;
  #capture: Capture = { drain: () => undefined, wake: () => undefined };
  #queue: Request[] = [];
  #working = false;
  #running: Running | null = null;
  #awaitsInput: number | null = null;
  /** Settles when the main thread has loaded the engine. */
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  /** Whether the running cell has got as far as the main thread. */
  #inMain = false;
  #problem: string | null = null;
  /** What the kernel that crashed before this one has lost; said once. */
  #lost: string | null;
  /** Why the running cell is being stopped, if not because somebody wished it. */
  #full: string | null = null;
  #executionCount = 0;
  #numbers = 0;
  #latestStatus: Outgoing = { type: "status", content: { execution_state: "starting" } };

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.#answers = createAnswers({
      ...parts,
      history: this.#history,
      comms: this.#comms,
      interrupt: () => void this.interrupt(),
    });
    this.#lost = parts.lifetime.lost;
    parts.main.on("message", (message: FromMain) => this.#fromMain(message));
    this.#publish("status", { execution_state: "starting" }, {});
  }

  /** Text that `capture` brings goes to the cell that runs, or ran last. */
  set capture(capture: Capture) {
    this.#capture = capture;
  }

  /** Handles what the main thread has sent by now. */
  catchUp(): void {
    const { main } = this.#parts;
    for (let next = receiveMessageOnPort(main); next; next = receiveMessageOnPort(main))
      this.#fromMain(next.message);
  }

  printed(text: string): void {
    const request = this.#running?.request ?? [...this.#requests.values()].at(-1);
    if (request && !request.silent) {
      const shown = request.shown.text(text);
      if (shown !== "") this.#streams.write(request, "stdout", shown);
      else this.#cutsLater(request);
    } else if (!request) this.#parts.wires.log(text.trimEnd());
  }

  welcome(subscription: string): void {
    this.#publish("iopub_welcome", { subscription }, {});
  }

  received(channel: ChannelName, message: Message): void {
    const { content } = message;
    const request: Request = {
      ...message,
      channel,
      receivedAt: performance.now(),
      silent: message.header.msg_type === "execute_request" && content.silent === true,
      shown: new Shown(),
    };
    const type = message.header.msg_type;
    const answer = this.#answers.get(type);
    if (answer) this.#answer(request, answer);
    else if (type === "execute_request") this.#executeRequest(request);
    else if (isCommEvent(type)) this.#commRequest(request, type);
    else if (type === "input_reply") this.#inputReply(content.value);
    else if (type === "shutdown_request") this.#shutdown(request);
    else {
      this.#status(request, "busy");
      this.#parts.wires.log(`unknown message type on ${channel}: ${JSON.stringify(type)}`);
      this.#status(request, "idle");
    }
  }

  /** Stops the running cell; harmless when none runs, or while another interrupt is at work. */
  interrupt(urgent = false): Promise<void> {
    const running = this.#running;
    if (!this.#inMain && running?.request.header.msg_type === "execute_request") {
      // Still being checked; or the engine is being loaded, which nobody wants to be terminated.
      running.settle({ status: "error", shown: false, ...interruptFailure() });
      return Promise.resolve();
    }
    if (!this.#isReady) return Promise.resolve();
    const target: Target = {
      ping: () => this.#ping(),
      ask: () => {
        if (running) this.#toMain({ type: "interrupt", cell: running.cell });
      },
      abandon: () => {
        if (running) this.#toMain({ type: "abandon", cell: running.cell });
      },
      settled: async () => void (await running?.settled),
      giveUp: () => running?.settle({ status: "error", shown: false, ...interruptFailure() }),
    };
    return this.#parts.interrupter.interrupt(target, urgent).then(() => this.#endBesides());
  }

  /** Stops the running cell, which would soon end the process; `reason` says what is full. */
  outOfMemory(reason: string): void {
    if (!this.#inMain) return;
    this.#full = reason;
    void this.interrupt(true);
  }

  // Sending

  #publish(
    type: string,
    content: Outgoing["content"],
    parent: Partial<Header>,
    extra: Partial<Outgoing> = {},
  ) {
    const { encoder, wires } = this.#parts;
    const encode = (message: Outgoing): Uint8Array[] =>
      encoder.encode([Buffer.from(`kernel.${encoder.session}.${message.type}`)], message);
    const message = { type, content, parent, ...extra };
    if (type === "status") this.#latestStatus = message;
    const frames = encode(message);
    wires.publish(frames);
    // Front ends know the state already, and take no harm from hearing it again.
    for (let more = fillers(frames); more > 0; more--) wires.publish(encode(this.#latestStatus));
  }

  /** Publishes something after all that was printed before it. */
  #show(request: Request, type: string, content: Outgoing["content"], extra: Partial<Outgoing> = {}): void {
    this.#streams.flush();
    if (!request.silent) this.#publish(type, content, request.header, extra);
  }

  #flushStreams(): void {
    this.#capture.drain();
    this.#streams.flush();
  }

  #status(request: Request, state: "busy" | "idle"): void {
    this.#streams.flush();
    this.#publish("status", { execution_state: state }, request.header);
  }

  #reply(request: Request, content: Content, type = request.header.msg_type.replace(/_request$/, "_reply")) {
    const { encoder, wires } = this.#parts;
    const { identities, header: parent } = request;
    wires.send(request.channel, encoder.encode(identities, { type, content, parent }));
  }

  // Requests that are answered at once, whatever the main thread does

  #answer(request: Request, answer: Answer): void {
    this.#status(request, "busy");
    void (async () => {
      let content: Content;
      try {
        content = { status: "ok", ...(await answer(request.content)) };
      } catch (error) {
        content = failureOf(error);
        this.#parts.wires.log(`${request.header.msg_type}: ${error}`);
      }
      this.#reply(request, content);
      this.#status(request, "idle");
      // Front ends show the latest status, whomever it answers; the cell that still runs must not look finished.
      if (this.#running) this.#status(this.#running.request, "busy");
    })();
  }

  // Requests that need the main thread, one after the other

  #executeRequest(request: Request): void {
    try {
      requireString("execute_request", request.content, "code");
    } catch (error) {
      this.#answer(request, () => ({ ...failureOf(error), execution_count: this.#executionCount }));
      return;
    }
    this.#queue.push(request);
    void this.#work();
  }

  /** What is open is known from here on, since `comm_info_request` does not wait in the queue. */
  #commRequest(request: Request, event: CommEvent["event"]): void {
    const id = text(request.content.comm_id);
    if (event === "comm_open") this.#comms.set(id, text(request.content.target_name));
    else if (!this.#comms.has(id)) {
      this.#status(request, "busy");
      this.#parts.wires.log(`${event} for a comm that is not open: ${JSON.stringify(id)}`);
      this.#status(request, "idle");
      return;
    }
    if (event === "comm_close") this.#comms.delete(id);
    this.#queue.push(request);
    if (this.#inMain && !this.#parts.interrupter.atWork) this.#commsBeside();
    void this.#work();
  }

  /**
   * Has the main thread handle what waits for comms that were open before, as soon as the running cell awaits something: as safe as
   * a timer of its own. The messages of one comm stay in order; one that is opened waits, since the cell may register its target.
   */
  #commsBeside(): void {
    const later = new Set<unknown>();
    this.#queue = this.#queue.filter((request) => {
      const { msg_type: type } = request.header;
      if (type === "execute_request") return true;
      const { comm_id: id } = request.content;
      if (type === "comm_open") later.add(id);
      if (later.has(id)) return true;
      this.#status(request, "busy");
      this.#besides.set(this.#sendComm(request), request);
      return false;
    });
  }

  #endBeside(cell: number): void {
    const request = this.#besides.get(cell);
    if (!this.#besides.delete(cell) || !request) return;
    this.#status(request, "idle");
    if (this.#running) this.#status(this.#running.request, "busy");
  }

  /** What an interrupt has ended does not say that it is done. */
  async #endBesides(): Promise<void> {
    const cells = [...this.#besides.keys()];
    if (cells.length === 0) return;
    await this.#ping();
    for (const cell of cells) this.#endBeside(cell);
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let request = this.#queue.shift(); request; request = this.#queue.shift()) {
      try {
        if (request.header.msg_type !== "execute_request") await this.#comm(request);
        else if (this.#abortRule.applies(request.header)) this.#abort(request);
        else await this.#execute(request);
      } catch (error) {
        this.#parts.wires.log(`${request.header.msg_type}: ${error instanceof Error ? error.stack : error}`);
      }
    }
    this.#working = false;
  }

  async #execute(request: Request): Promise<void> {
    const { content } = request;
    const code = text(content.code);
    const counted = !request.silent && content.store_history !== false;
    const cell = this.#remember(request);
    const name = counted ? `cell ${++this.#executionCount}` : `request ${cell}`;
    const executionCount = this.#executionCount;

    const running = this.#begin(request, cell);
    // The check begins while front ends are told.
    const ended = this.#outcome(running, { code, cell: name, executionCount });
    this.#status(request, "busy");
    this.#show(request, "execute_input", { code, execution_count: executionCount });
    if (counted) {
      this.#history.add(executionCount, code);
      this.#tellWhatWasLost(request);
    }
    const outcome = await ended;
    if (this.#awaitsInput === cell) this.#awaitsInput = null;
    this.#flushStreams();
    this.#stateCuts(request);

    const reply = { execution_count: executionCount, payload: running.payload };
    if (outcome.status === "ok") {
      if (counted && outcome.text !== null) this.#history.setOutput(executionCount, outcome.text);
      this.#reply(request, { status: "ok", ...reply, user_expressions: outcome.expressions });
    } else {
      const { ename, evalue, traceback } = outcome;
      const milliseconds = performance.now() - request.receivedAt;
      if (!outcome.shown) this.#show(request, "error", { ename, evalue, traceback });
      this.#reply(request, { status: "error", ...reply, user_expressions: {}, ename, evalue, traceback });
      if (content.stop_on_error !== false) this.#abortWaiting(request, milliseconds);
    }
    this.#status(request, "idle");
  }

  /** From here on an interrupt may settle the request at any moment. */
  #begin(request: Request, cell: number): Running {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const settle = (outcome: Outcome): void => {
      running.open = false;
      resolve(outcome);
    };
    const running: Running = {
      cell,
      request,
      settle,
      settled: promise,
      open: true,
      ended: settle,
      payload: [],
    };
    this.#running = running;
    this.#full = null;
    return running;
  }

  /** Checks the cell and runs it. */
  async #outcome(running: Running, check: CheckRequest): Promise<Outcome> {
    const { language, lifetime, memory } = this.#parts;
    const { settle } = running;
    void (async () => {
      try {
        let checked = await language.check(check);
        if (checked.goesOn) {
          const installed = await this.#run(running, check, checked);
          if (installed.status === "error") return settle(installed);
          checked = await language.check({ ...check, installed: true });
        }
        if (!running.open) return;
        const { diagnostics, loaded, remark } = checked;
        if (remark !== undefined) this.#remark(remark);
        if (loaded !== undefined)
          running.payload.push({ source: "set_next_input", text: loaded, replace: true });
        if (diagnostics.some(({ category }) => category === "error"))
          return settle({ status: "error", shown: false, ...formatDiagnostics(diagnostics) });
        settle(await this.#run(running, check, checked));
      } catch (error) {
        const evalue = `this cell could not be checked: ${error instanceof Error ? error.message : error}`;
        const traceback = [`LanguageServiceError: ${evalue}`, "Restarting the kernel may help."];
        settle({ status: "error", shown: false, ename: "LanguageServiceError", evalue, traceback });
      }
    })();
    const outcome = await running.settled;
    memory.stop();
    lifetime.runs(null);
    this.#running = null;
    this.#inMain = false;
    this.#reportProblem(running.request);
    return this.#full !== null && outcome.status === "error"
      ? this.#outOfMemory(outcome, this.#full)
      : outcome;
  }

  /** Has the main thread run what was translated; an interrupt may settle the request before that. */
  async #run(running: Running, check: CheckRequest, checked: Checked): Promise<Outcome> {
    await this.#ready.promise;
    await this.#parts.interrupter.over();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    if (!running.open) return promise;
    this.#parts.interrupter.clear();
    running.ended = resolve;
    this.#inMain = true;
    this.#capture.wake();
    this.#parts.lifetime.runs(check.cell);
    this.#parts.memory.start();
    const { user_expressions: expressions, allow_stdin: allowStdin } = running.request.content;
    this.#toMain({
      type: "execute",
      cell: running.cell,
      name: check.cell,
      executionCount: check.executionCount,
      code: checked.loaded ?? check.code,
      javascript: checked.javascript,
      sourceMap: checked.sourceMap,
      userExpressions: checked.goesOn ? {} : texts(expressions),
      allowStdin: allowStdin === true,
    });
    this.#commsBeside();
    const outcome = await promise;
    this.#inMain = false;
    return outcome;
  }

  #outOfMemory(outcome: Outcome & { status: "error" }, reason: string): Outcome {
    if (outcome.ename !== interruptName) return outcome;
    const evalue =
      `the cell was stopped: ${reason}. Variables keep their values: empty or replace the large ones ` +
      "(list.length = 0; large = null), or restart the kernel";
    return { ...outcome, ...renamed(outcome, "OutOfMemoryError", evalue) };
  }

  #tellWhatWasLost(request: Request): void {
    if (this.#lost !== null) this.#streams.write(request, "stdout", this.#lost);
    this.#lost = null;
  }

  /** Says once, in the first cell, that the engine is missing. Not on stderr: that would cost a student the marks. */
  #reportProblem(request: Request): void {
    if (this.#problem === null) return;
    const text = `nnlab could not load its engine (run \`npx nnlab doctor\`):\n${this.#problem}\n`;
    this.#problem = null;
    if (!request.silent) this.#streams.write(request, "stdout", text);
  }

  #abort(request: Request): void {
    this.#status(request, "busy");
    this.#reply(request, { status: "aborted", execution_count: this.#executionCount });
    this.#status(request, "idle");
  }

  /** After an error, the cells that already wait do not run. */
  #abortWaiting(failed: Request, milliseconds: number): void {
    this.#abortRule.failed(failed.header, milliseconds);
    const waiting = this.#queue;
    this.#queue = waiting.filter(({ header }) => header.msg_type !== "execute_request");
    for (const request of waiting) if (!this.#queue.includes(request)) this.#abort(request);
  }

  async #comm(request: Request): Promise<void> {
    this.#status(request, "busy");
    await this.#parts.interrupter.over();
    const running = this.#begin(request, this.#sendComm(request));
    await running.settled;
    this.#running = null;
    this.#status(request, "idle");
  }

  /** Has the main thread handle it, and returns the number under which it will speak of it. */
  #sendComm(request: Request): number {
    const { content, metadata, buffers, header } = request;
    const cell = this.#remember(request);
    this.#toMain({
      type: "comm",
      cell,
      event: header.msg_type as CommEvent["event"],
      id: text(content.comm_id),
      target: text(content.target_name),
      data: content.data ?? {},
      metadata,
      buffers,
    });
    return cell;
  }

  /** Numbers a request of which the main thread will speak. */
  #remember(request: Request): number {
    const cell = ++this.#numbers;
    this.#requests.set(cell, request);
    this.#requests.delete(cell - rememberedCells);
    return cell;
  }

  // The main thread

  #toMain(message: ToMain): void {
    this.#parts.main.postMessage(message);
  }

  #ping(): Promise<void> {
    const number = ++this.#numbers;
    return new Promise((resolve) => {
      this.#pings.set(number, resolve);
      this.#toMain({ type: "ping", number });
    });
  }

  #fromMain(message: FromMain): void {
    switch (message.type) {
      case "ready":
        this.#problem = message.problem;
        this.#isReady = true;
        this.#ready.resolve();
        if (message.problem !== null) this.#parts.wires.log(message.problem);
        return;
      case "pong":
        // Later pongs answer earlier pings too: an interrupt may have killed an answer.
        for (const [number, resolve] of this.#pings) {
          if (number > message.number) continue;
          this.#pings.delete(number);
          resolve();
        }
        return;
      case "done":
        if (this.#running?.cell === message.cell) this.#running.ended(message.outcome);
        else this.#endBeside(message.cell);
        return;
      case "stream": {
        this.#release(message.text);
        const request = this.#requests.get(message.cell);
        if (!request) this.#parts.wires.log(message.text.trimEnd());
        else if (!request.silent) {
          if (message.after !== null) this.#capture.drain(message.after);
          const shown = request.shown.text(message.text);
          if (shown !== "") this.#streams.write(request, message.name, shown);
          else this.#cutsLater(request);
        }
        return;
      }
      case "publish": {
        const request = this.#requests.get(message.cell);
        this.#release(message.content);
        if (!request) return;
        if (message.after !== null) this.#capture.drain(message.after);
        const isDisplay = message.message === "display_data" || message.message === "update_display_data";
        if (!isDisplay || request.shown.display(message.content.length))
          this.#show(request, message.message, message.content);
        else this.#cutsLater(request);
        return;
      }
      case "input":
        this.#inputRequest(message.cell, message.prompt, message.password);
        return;
      case "comm":
        this.#commFromMain(message);
    }
  }

  /** The main thread may send more when this has been handed on. */
  #release(text: string): void {
    const { signals, wires } = this.#parts;
    wires.whenRoomy(() => {
      Atomics.sub(signals, Signal.backlog, backlogCost(text));
      Atomics.notify(signals, Signal.backlog);
    });
  }

  /** Says what was cut of a cell's output. */
  #stateCuts(request: Request): void {
    const statement = request.silent ? null : request.shown.statement();
    if (statement !== null) this.#streams.write(request, "stdout", statement);
  }

  /** Timers print after the cell has ended, nobody knows how long. */
  #cutsLater(request: Request): void {
    if (this.#running?.request !== request)
      this.#lateCuts ??= setTimeout(() => {
        this.#lateCuts = null;
        this.#stateCuts(request);
      }, lateCutsMilliseconds);
  }

  /** A front end did not read, and is not waited for any more. */
  deaf(seconds: number): void {
    this.#remark(
      `a front end did not read for ${seconds.toFixed(1)} s, and misses what is shown until it reads again`,
    );
  }

  /** It reads again, and so do all others; or it is gone. */
  heard({ messages, bytes }: Missed): void {
    const count = `${messages.toLocaleString("en-US")} message${messages === 1 ? "" : "s"}`;
    const megabytes = (bytes / 1e6).toFixed(1);
    this.#remark(
      `a front end that did not read missed up to ${count} (${megabytes} MB); all front ends read again`,
    );
  }

  /** Says something of the kernel's own with the cell that runs, or ran last. */
  #remark(said: string): void {
    const request = this.#running?.request ?? [...this.#requests.values()].at(-1);
    this.#parts.wires.log(said);
    if (request && !request.silent) this.#streams.write(request, "stdout", `nnlab: ${said}\n`);
  }

  #commFromMain({ cell, event, id, target, data, metadata, buffers }: CommEvent): void {
    if (event === "comm_open") this.#comms.set(id, target);
    if (event === "comm_close") this.#comms.delete(id);
    this.#flushStreams();
    const content = { comm_id: id, ...(event === "comm_open" ? { target_name: target } : {}), data };
    this.#publish(event, content, this.#requests.get(cell)?.header ?? {}, { metadata, buffers });
  }

  #inputRequest(cell: number, prompt: string, password: boolean): void {
    const request = this.#requests.get(cell);
    if (!request) {
      this.#giveInput("");
      return;
    }
    this.#flushStreams();
    this.#awaitsInput = cell;
    const { encoder, wires } = this.#parts;
    const message = { type: "input_request", content: { prompt, password }, parent: request.header };
    wires.send("stdin", encoder.encode(request.identities, message));
  }

  #inputReply(value: unknown): void {
    if (this.#awaitsInput === null) {
      this.#parts.wires.log("an input_reply that nobody waits for");
      return;
    }
    this.#awaitsInput = null;
    this.#giveInput(text(value));
  }

  #giveInput(answer: string): void {
    const { input, signals } = this.#parts;
    input.postMessage(answer);
    Atomics.store(signals, Signal.input, Input.ready);
    Atomics.notify(signals, Signal.input);
  }

  #shutdown(request: Request): void {
    const content = { status: "ok", restart: request.content.restart === true };
    this.#parts.lifetime.ends();
    this.#status(request, "busy");
    this.#publish("shutdown_reply", content, request.header);
    this.#reply(request, content);
    this.#status(request, "idle");
    this.#parts.wires.exit();
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, expression]) => [name, text(expression)]));
}

function isCommEvent(type: string): type is CommEvent["event"] {
  return type === "comm_open" || type === "comm_msg" || type === "comm_close";
}

/** What a reply says of a request that could not be answered. */
function failureOf(error: unknown): Content {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { status: "error", ename: name, evalue: message, traceback: [`${name}: ${message}`] };
}
