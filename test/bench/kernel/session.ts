/** One life of a kernel of any kind: started, asked, measured while it rests, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Dealer, Subscriber } from "zeromq";
import { address, parseConnection } from "../../../kernel/protocol/connection.ts";
import { decode, Encoder, type Message, Signer } from "../../../kernel/protocol/wire.ts";
import { freePort, temporaryFolder } from "../../support/jupyter.ts";
import { descendants, processorTime, residentMemory } from "../../support/processes.ts";
import type { Contender } from "./contenders.ts";

/** Milliseconds, and bytes for memory. */
export type Figures = Record<
  | "info"
  | "firstReply"
  | "startTime"
  | "cell"
  | "declaration"
  | "firstCompletion"
  | "completion"
  | "rss"
  | "idle",
  number
>;

const patience = 120_000;
const restMilliseconds = 3000;

export async function measure(contender: Contender): Promise<Figures> {
  const folder = temporaryFolder("bench");
  const session = await Session.start(contender, folder.path);
  try {
    const info = await session.firstAnswer();
    await session.execute("1+1");
    const firstReply = session.age();
    const startTime = session.sum(processorTime);
    const firstCompletion = await session.complete(contender.completed);
    const completion = await repeat(20, () => session.complete(contender.completed));
    const cell = await repeat(50, () => session.execute("1+1"));
    const declaration = await repeat(30, (i) => session.execute(contender.declaration(`name${i}`, i)));
    await sleep(restMilliseconds);
    const before = session.sum(processorTime);
    await sleep(restMilliseconds);
    const idle = session.sum(processorTime) - before;
    const rss = session.sum(residentMemory);
    return { info, firstReply, startTime, cell, declaration, firstCompletion, completion, rss, idle };
  } catch (error) {
    throw new Error(`${contender.name}: ${error}\n${session.log}`);
  } finally {
    await session.end();
    folder.remove();
  }
}

class Session {
  readonly #child: ChildProcess;
  readonly #began = performance.now();
  readonly #shell: Dealer;
  readonly #iopub: Subscriber;
  readonly #signer: Signer;
  readonly #encoder: Encoder;
  readonly #waiting = new Map<string, (message: Message) => void>();
  log = "";
  /** Whether anything published has arrived. */
  #hears = false;

  private constructor(child: ChildProcess, key: string) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        this.log = `${this.log}${chunk}`.slice(-4000);
      });
    this.#signer = new Signer(key, "sha256");
    this.#encoder = new Encoder(this.#signer);
    this.#shell = new Dealer({ routingId: randomUUID(), linger: 0 });
    this.#iopub = new Subscriber({ linger: 0 });
  }

  static async start(contender: Contender, folder: string): Promise<Session> {
    const names = ["shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"];
    const ports = new Set<number>();
    while (ports.size < names.length) ports.add(await freePort());
    const fields = {
      transport: "tcp",
      ip: "127.0.0.1",
      key: randomUUID(),
      signature_scheme: "hmac-sha256",
      kernel_name: "",
      ...Object.fromEntries([...ports].map((port, i) => [names[i], port])),
    };
    const file = join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(fields), { mode: 0o600 });
    const [program = "", ...rest] = contender.command(file);
    const child = spawn(program, rest, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const session = new Session(child, fields.key);
    const connection = parseConnection(fields, file);
    session.#iopub.connect(address(connection, "iopub_port"));
    session.#iopub.subscribe("");
    session.#shell.connect(address(connection, "shell_port"));
    for (const [socket, channel] of [
      [session.#iopub, "iopub"],
      [session.#shell, "shell"],
    ] as const)
      void session.#receive(socket, channel).catch((error) => {
        session.log += `\n${channel}: ${error}`;
      });
    return session;
  }

  async #receive(socket: Dealer | Subscriber, channel: string): Promise<void> {
    for await (const frames of socket) {
      const message = decode(frames, this.#signer);
      if (channel === "iopub") this.#hears = true;
      const isIdle = message.content.execution_state === "idle";
      if (channel === "shell" || isIdle)
        this.#waiting.get(`${channel} ${message.parentHeader.msg_id}`)?.(message);
    }
  }

  age(): number {
    return performance.now() - this.#began;
  }

  /** Over the kernel's process and all below it. */
  sum(figure: (pid: number) => number): number {
    const { pid = 0 } = this.#child;
    return [pid, ...descendants(pid)].reduce((sum, one) => sum + figure(one), 0);
  }

  async #ask(type: string, content: Record<string, unknown>, channels: readonly string[]): Promise<Message> {
    const frames = this.#encoder.encode([], { type, content });
    const { msg_id: id }: { msg_id: string } = JSON.parse(String(frames[2]));
    const answers = channels.map(
      (channel) => new Promise<Message>((resolve) => void this.#waiting.set(`${channel} ${id}`, resolve)),
    );
    await this.#shell.send(frames.map((frame) => Buffer.from(frame)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer to ${type} ${JSON.stringify(content)}`)),
        patience,
      );
    });
    const [reply] = await Promise.race([Promise.all(answers), late]).finally(() => clearTimeout(timer));
    for (const channel of channels) this.#waiting.delete(`${channel} ${id}`);
    return reply!;
  }

  /** Until the kernel answers at all, since its process was started. */
  async firstAnswer(): Promise<number> {
    await this.#ask("kernel_info_request", {}, ["shell"]);
    const age = this.age();
    // Its sockets are found each in its own time: what is published before the subscription has arrived is lost, as an idle.
    while (!this.#hears) {
      if (this.age() - age > patience) throw new Error("it publishes nothing");
      await this.#ask("kernel_info_request", {}, ["shell"]);
    }
    return age;
  }

  /** Until reply and idle. */
  async execute(code: string): Promise<number> {
    const begin = performance.now();
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    const reply = await this.#ask("execute_request", content, ["shell", "iopub"]);
    if (reply.content.status !== "ok") throw new Error(`${code}: ${JSON.stringify(reply.content)}`);
    return performance.now() - begin;
  }

  async complete(code: string): Promise<number> {
    const begin = performance.now();
    const reply = await this.#ask("complete_request", { code, cursor_pos: code.length }, ["shell"]);
    const { matches } = reply.content;
    if (!Array.isArray(matches) || matches.length === 0) throw new Error(`nothing completes ${code}`);
    return performance.now() - begin;
  }

  async end(): Promise<void> {
    const { pid = 0 } = this.#child;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    for (const one of descendants(pid)) process.kill(one, "SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await ended;
    }
    for (const socket of [this.#shell, this.#iopub]) socket.close();
  }
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function repeat(times: number, one: (i: number) => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push(await one(i));
  return median(all);
}
