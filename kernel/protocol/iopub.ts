// IOPub keeps messages for front ends that read slowly, in a bounded part of the memory. When that is full, the cell that
// shows things waits; a front end that takes nothing at all is not waited for: it misses what is shown until it reads again,
// and is told then how much that was.

import { setTimeout as sleep } from "node:timers/promises";
import type { XPublisher } from "zeromq";
import { fromEnvironment } from "./settings.ts";
import { Unread } from "./unread.ts";

/** How much may wait for each front end. */
const budgetBytes = fromEnvironment("NNLAB_UNREAD_MB", 64) * 1e6;
/** How long a front end may take nothing while everything waits for it. */
const patienceMilliseconds = fromEnvironment("NNLAB_UNREAD_SECONDS", 5) * 1000;
const retryMilliseconds = 5;

/** ZeroMQ counts messages, not bytes: as long as those of a long text (see streams.ts), and as most displays at most. */
const messageBytes = 131_072;

/**
 * How many messages must follow one of these frames that say nothing new, so that ZeroMQ, which counts messages, keeps no more
 * bytes of long ones than of others.
 */
export function fillers(frames: readonly Uint8Array[]): number {
  return Math.ceil(bytesOf(frames) / messageBytes) - 1;
}

export function bytesOf(frames: readonly Uint8Array[]): number {
  return frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** What a front end missed, at the most, in messages that show something. */
export interface Missed {
  messages: number;
  bytes: number;
}

export interface Deafness {
  /** A front end was waited for in vain, for so long. */
  began(seconds: number): void;
  /** It has read all that was kept for it, or is gone. */
  ended(missed: Missed): void;
}

/**
 * How many messages may wait for each front end. To be set before the socket is bound, and left alone: ZeroMQ hears what a
 * front end has taken only every half of this, so that a lower mark, set later, may count what was long taken and let nothing
 * through for ever.
 */
export const unreadMessages: number = Math.max(2, Math.round(budgetBytes / messageBytes));

export class BoundedPublisher {
  readonly #socket: XPublisher;
  readonly #deafness: Deafness;
  readonly #unread = new Unread();
  #patience = patienceMilliseconds;
  /** What has been sent since a front end did not read. */
  #missed: Missed | null = null;

  constructor(socket: XPublisher, deafness: Deafness) {
    this.#socket = socket;
    this.#deafness = deafness;
    // A full queue is an error then (EAGAIN, of a message as a whole) instead of a silent loss.
    this.#socket.noDrop = true;
  }

  /** Nobody is waited for any longer than that. */
  hurry(milliseconds: number): void {
    this.#patience = milliseconds;
  }

  async send(frames: Buffer[]): Promise<void> {
    const started = performance.now();
    while (!(await this.#sent(frames))) {
      const waited = performance.now() - started;
      if (waited < this.#patience) {
        await sleep(retryMilliseconds);
        continue;
      }
      this.#missed ??= { messages: 0, bytes: 0 };
      // Those who read get it. Whose queue is full does not, and is left out, by ZeroMQ, until half of its queue is read.
      this.#socket.noDrop = false;
      try {
        await this.#socket.send(frames);
      } finally {
        this.#socket.noDrop = true;
      }
      this.#unread.whenRead(() => this.#heard());
      this.#deafness.began(waited / 1000);
      break;
    }
    if (this.#missed && !isStatus(frames)) {
      this.#missed.messages++;
      this.#missed.bytes += bytesOf(frames);
    }
    this.#unread.add(frames);
  }

  #heard(): void {
    const missed = this.#missed;
    this.#missed = null;
    if (missed) this.#deafness.ended(missed);
  }

  /** Whether every front end's queue had room. */
  async #sent(frames: Buffer[]): Promise<boolean> {
    try {
      await this.#socket.send(frames);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return false;
      throw error;
    }
  }
}

function isStatus([topic]: readonly Buffer[]): boolean {
  return topic?.toString().endsWith(".status") ?? false;
}
