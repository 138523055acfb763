/** A front end of a few lines: starts the built kernel on a connection file of its own and speaks the protocol to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Dealer, Request as HeartbeatSocket, Subscriber } from "zeromq";
import { address, type Connection, parseConnection } from "../../kernel/protocol/connection.ts";
import { decode, Encoder, type Message, Signer } from "../../kernel/protocol/wire.ts";
import { freePort, kernelFlags, projectRoot, temporaryFolder } from "../support/jupyter.ts";

export type Channel = "shell" | "control" | "stdin";

type Content = Record<string, unknown>;

/** A request, its reply, and what was published for it up to idle. */
export interface Ran {
  id: string;
  reply: Message;
  published: Message[];
}

interface Waiter {
  matches(message: Message): boolean;
  resolve(message: Message): void;
}

/** All that a kernel has sent on one socket, and who waits for what of it. */
class Inbox {
  readonly all: Message[] = [];
  readonly #state: () => string;
  #waiters: Waiter[] = [];

  /** `state` tells, where something is missing, how the kernel is. */
  constructor(state: () => string) {
    this.#state = state;
  }

  add(message: Message): void {
    this.all.push(message);
    for (const waiter of this.#waiters.filter(({ matches }) => matches(message))) waiter.resolve(message);
  }

  /** The first message, past or to come, for which `matches` holds. */
  async find(what: string, matches: (message: Message) => boolean, milliseconds = 60_000): Promise<Message> {
    const past = this.all.find(matches);
    if (past) return past;
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise<Message>((resolve, reject) => {
        const missing = (): void =>
          reject(new Error(`no ${what} within ${milliseconds} ms; ${this.#state()}`));
        timer = setTimeout(missing, milliseconds);
        waiter = { matches, resolve };
        this.#waiters.push(waiter);
      });
    } finally {
      clearTimeout(timer);
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    }
  }
}

const isAnswerTo = (id: string) => (message: Message) => message.parentHeader.msg_id === id;

export interface StartOptions {
  /** The notebook's folder. */
  directory?: string;
  env?: NodeJS.ProcessEnv;
  /** TCP on this machine unless told. */
  transport?: Connection["transport"];
  /** Of the connection file. */
  connectionMode?: number;
  /** Starts it from a process that can be killed without it, as Jupyter may be; `process` is that one then. */
  withParent?: boolean;
  /** A kernel that has ended: starts another with its connection file, as Jupyter does. */
  after?: TestKernel;
}

/** Starts the program of its arguments and waits for it; all that it holds are the pipes, which the other holds too. */
const parentScript =
  "const [program, ...rest] = process.argv.slice(1); " +
  "require('node:child_process').spawn(program, rest, { stdio: 'inherit' });";

export class TestKernel {
  readonly process: ChildProcess;
  readonly connection: Connection;
  readonly signer: Signer;
  readonly encoder: Encoder;
  readonly iopub: Inbox = new Inbox(() => this.#state());
  readonly inboxes = {
    shell: new Inbox(() => this.#state()),
    control: new Inbox(() => this.#state()),
    stdin: new Inbox(() => this.#state()),
  };
  readonly ended: Promise<number | null>;
  /** What the kernel wrote to its terminal. */
  log = "";
  readonly #sockets: Record<Channel, Dealer>;
  readonly #heartbeat = new HeartbeatSocket({ linger: 0 });
  readonly #subscriber = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  readonly #folder: { path: string; remove(): void };

  private constructor(child: ChildProcess, connection: Connection, folder: { path: string; remove(): void }) {
    this.process = child;
    this.connection = connection;
    this.#folder = folder;
    // The kernel remembers signatures; verifying what one has signed oneself needs a memory of its own.
    this.signer = new Signer(connection.key, connection.digest);
    this.encoder = new Encoder(this.signer);
    this.ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.log += chunk.toString();
      });
    const identity = { routingId: randomUUID(), linger: 0 };
    this.#sockets = {
      shell: new Dealer(identity),
      control: new Dealer(identity),
      stdin: new Dealer(identity),
    };
  }

  /** Starts a kernel and waits until it answers. */
  static async start(options: StartOptions = {}): Promise<TestKernel> {
    const { after } = options;
    const folder = after ? after.#folder : temporaryFolder("kernel");
    const [shell_port, control_port, stdin_port, iopub_port, hb_port] = await Promise.all(
      Array.from({ length: 5 }, freePort),
    );
    const fields = after?.connection ?? {
      transport: options.transport ?? "tcp",
      ip: options.transport === "ipc" ? join(folder.path, "socket") : "127.0.0.1",
      key: randomUUID(),
      signature_scheme: "hmac-sha256",
      ...{ shell_port, control_port, stdin_port, iopub_port, hb_port },
    };
    const file = join(folder.path, "connection.json");
    if (!after) writeFileSync(file, JSON.stringify(fields));
    // As Jupyter writes it.
    chmodSync(file, options.connectionMode ?? 0o600);
    const program = [...kernelFlags, join(projectRoot, "dist", "kernel", "main.js"), file];
    const child = spawn(
      process.execPath,
      options.withParent ? ["-e", parentScript, process.execPath, ...program] : program,
      {
        cwd: options.directory ?? folder.path,
        env: { ...process.env, ...options.env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const kernel = new TestKernel(child, parseConnection(fields, file), folder);
    kernel.#connect();
    await kernel.iopub.find("iopub_welcome", ({ header }) => header.msg_type === "iopub_welcome");
    return kernel;
  }

  #connect(): void {
    const { connection } = this;
    this.#subscriber.connect(address(connection, "iopub_port"));
    this.#subscriber.subscribe("");
    this.#heartbeat.connect(address(connection, "hb_port"));
    const decoder = (inbox: Inbox) => (frames: Buffer[]) => inbox.add(decode(frames, this.signer));
    void receive(this.#subscriber, decoder(this.iopub));
    for (const channel of ["shell", "control", "stdin"] as const) {
      this.#sockets[channel].connect(address(connection, `${channel}_port`));
      void receive(this.#sockets[channel], decoder(this.inboxes[channel]));
    }
  }

  #state(): string {
    const { exitCode, signalCode } = this.process;
    const last = this.iopub.all.slice(-4).map(({ header, content }) => [header.msg_type, content]);
    const ended = `exit code ${exitCode}, signal ${signalCode}`;
    return `kernel: ${ended}; last published: ${JSON.stringify(last)}; its terminal: ${this.log}`;
  }

  /** Sends frames as they are; ZeroMQ would keep them for a kernel that has ended, and then wait for ever. */
  async sendFrames(channel: Channel, frames: Uint8Array[]): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null)
      throw new Error(`nothing can be sent; ${this.#state()}`);
    await this.#sockets[channel].send(frames.map((frame) => Buffer.from(frame)));
  }

  /** Sends a message and returns its id. */
  async send(channel: Channel, type: string, content: Content, parent = {}): Promise<string> {
    const frames = this.encoder.encode([], { type, content, parent });
    const header: { msg_id: string } = JSON.parse(Buffer.from(frames[2] ?? "").toString());
    await this.sendFrames(channel, frames);
    return header.msg_id;
  }

  reply(channel: Channel, id: string, milliseconds?: number): Promise<Message> {
    return this.inboxes[channel].find(`reply to ${id}`, isAnswerTo(id), milliseconds);
  }

  idle(id: string, milliseconds?: number): Promise<Message> {
    const matches = (message: Message): boolean =>
      isAnswerTo(id)(message) && message.content.execution_state === "idle";
    return this.iopub.find(`idle of ${id}`, matches, milliseconds);
  }

  published(id: string): Message[] {
    return this.iopub.all.filter(isAnswerTo(id));
  }

  /** Sends a request and waits for reply and idle. */
  async request(channel: Channel, type: string, content: Content = {}, milliseconds?: number): Promise<Ran> {
    return this.finish(channel, await this.send(channel, type, content), milliseconds);
  }

  async finish(channel: Channel, id: string, milliseconds?: number): Promise<Ran> {
    const [reply] = await Promise.all([this.reply(channel, id, milliseconds), this.idle(id, milliseconds)]);
    return { id, reply, published: this.published(id) };
  }

  submit(code: string, options: Content = {}): Promise<string> {
    return this.send("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...options,
    });
  }

  async execute(code: string, options: Content = {}, milliseconds?: number): Promise<Ran> {
    return this.finish("shell", await this.submit(code, options), milliseconds);
  }

  /** Waits until the cell `id` has printed or shown something that contains `text`. */
  output(id: string, text: string): Promise<Message> {
    const shows = (message: Message): boolean =>
      isAnswerTo(id)(message) &&
      message.header.msg_type !== "execute_input" &&
      JSON.stringify(message.content).includes(text);
    return this.iopub.find(`output "${text}"`, shows);
  }

  async heartbeat(text: string): Promise<string> {
    await this.#heartbeat.send(text);
    const [answer] = await this.#heartbeat.receive();
    return String(answer);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGKILL");
      await this.ended;
    }
    for (const socket of [...Object.values(this.#sockets), this.#subscriber, this.#heartbeat]) socket.close();
    this.#folder.remove();
  }
}

async function receive(socket: AsyncIterable<Buffer[]>, handle: (frames: Buffer[]) => void): Promise<void> {
  for await (const frames of socket) handle(frames);
}

/** Everything of one stream, joined. */
export function streamText({ published }: { published: Message[] }, name = "stdout"): string {
  return published
    .filter(({ header, content }) => header.msg_type === "stream" && content.name === name)
    .map(({ content }) => content.text)
    .join("");
}

/** The types of the messages, without status and execute_input. */
export function outputTypes({ published }: { published: Message[] }): string[] {
  return published
    .map(({ header }) => header.msg_type)
    .filter((type) => type !== "status" && type !== "execute_input");
}

/** The one message of `type`. */
export function only({ published }: { published: Message[] }, type: string): Content {
  const found = published.filter(({ header }) => header.msg_type === type);
  if (found.length !== 1) throw new Error(`${found.length} messages of type ${type}, 1 expected`);
  return found[0]?.content ?? {};
}

/** text/plain of the cell's result, or null. */
export function resultText(ran: Ran): string | null {
  const results = ran.published.filter(({ header }) => header.msg_type === "execute_result");
  if (results.length === 0) return null;
  const { data } = only(ran, "execute_result") as { data: Record<string, string> };
  return data["text/plain"] ?? null;
}
