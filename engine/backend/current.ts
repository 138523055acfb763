/** Which backend new tensors live on. An operation runs where its inputs live. */
import type { Backend } from "./backend.ts";
import { referenceBackend } from "./reference.ts";

let current: Backend | null = null;
let makeDefault: () => Backend = () => referenceBackend;

/** The backend on which tensors are made. */
export function getBackend(): Backend {
  current ??= makeDefault();
  return current;
}

/** Makes tensors on `backend` from now on. Tensors made before stay where they are. */
export function setBackend(backend: Backend): void {
  current = backend;
}

/** How the default backend is made when the first tensor is; the reference backend where nothing better is known. */
export function setDefaultBackend(make: () => Backend): void {
  makeDefault = make;
}

/** Runs `body` with tensors made on `backend`; for an async `body`, until its promise settles. */
export function withBackend<T>(backend: Backend, body: () => T): T {
  const before = current;
  current = backend;
  let result: T;
  try {
    result = body();
  } catch (error) {
    current = before;
    throw error;
  }
  if (result instanceof Promise) {
    return result.finally(() => {
      current = before;
    }) as T;
  }
  current = before;
  return result;
}
