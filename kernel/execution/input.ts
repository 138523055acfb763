// Asking the person at the front end: the main thread sleeps until the protocol thread has the answer.

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { currentCell } from "./cell.ts";
import { InterruptedError } from "./interrupt.ts";
import { Input, Signal } from "./messages.ts";

class InputError extends Error {
  override name = "InputError";
}

let ask: ((question: string, password: boolean) => string) | null = null;

/** Connects `prompt` and `getpass` to the protocol thread. */
export function connectInput(
  port: MessagePort,
  answers: MessagePort,
  signals: Int32Array<SharedArrayBuffer>,
): void {
  ask = (question, password) => {
    const cell = currentCell();
    if (!cell.allowStdin)
      throw new InputError(
        "there is nobody to ask: this front end does not allow input (as when a notebook is executed by nbconvert)",
      );
    while (receiveMessageOnPort(answers)); // what an interrupted question left
    Atomics.store(signals, Signal.input, Input.waiting);
    port.postMessage({ type: "input", cell: cell.id, prompt: question, password });
    Atomics.wait(signals, Signal.input, Input.waiting);
    if (Atomics.load(signals, Signal.input) === Input.interrupted) {
      Atomics.store(signals, Signal.interrupt, 0);
      throw new InterruptedError();
    }
    const answer: unknown = receiveMessageOnPort(answers)?.message;
    return typeof answer === "string" ? answer : "";
  };
}

function answer(question: string, password: boolean): string {
  if (!ask) throw new InputError("input works in a notebook only");
  return ask(question, password);
}

/**
 * Asks for a line of text and waits for it; an empty answer is `defaultAnswer`.
 *
 * @example
 * const name = prompt("Your name?", "Ada");
 */
export function prompt(question = "", defaultAnswer = ""): string {
  return (
    answer(question === "" || question.endsWith(" ") ? question : `${question} `, false) || defaultAnswer
  );
}

/** Asks for a line of text that nobody sees while it is typed. */
export function getpass(question = "Password: "): string {
  return answer(question, true);
}
