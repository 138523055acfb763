/**
 * Who holds memory, and when it is given back. Students never free anything; these are the rules, in order:
 *
 * 1. Parameters, tensors the user made, results outside any graph, gradients that a tensor carries, and everything marked
 *    by `.keep()` or made by `.detach()` stay as long as the program can reach them.
 * 2. Inside a module's call, what is neither returned nor stored in a field of the module (nor shown to a hook) is
 *    *interior*: given back by the `backward()` that differentiates the call, or, where nothing can be differentiated
 *    (`noGrad`), when the call returns.
 * 3. What an operation saved for its gradient, and all temporaries of `backward()` itself, end with that `backward()`.
 * 4. Intermediates of a graph that user code can see stay for two more graphs: what backward() number n differentiated is
 *    recycled when number n + 2 is done. Small ones (≤ 4 KB: losses, metrics) keep their values for good, on the heap of
 *    JavaScript, where ordinary garbage collection takes them.
 * 5. A loader's batch, and what was computed from it without gradients, is recycled by rule 4 counted from its last use;
 *    but a batch that was not used before the next one was drawn (`[...loader]`) is the user's, rule 1.
 * 6. A gradient replaced by the next one goes at once if nobody read it, else by rule 4.
 *    What a hook is shown, and what it makes of it, ends by rule 4 too.
 * 7. `scope()`, `using` and `dispose()` are for those who want them; no rule needs them.
 * 8. What the program can no longer reach is given back when memory in use has doubled (and grown by ≥ 96 MB) since the last
 *    time, in the middle of a synchronous loop too. The runtime collects its young garbage first, which takes about a
 *    millisecond; then, if that has not freed half of what was made, all of it; then a sweep asks which tensors are
 *    reachable. Where it cannot be asked (browsers), a FinalizationRegistry does it whenever the program yields.
 *    A notebook, which says when a cell is done, has the young garbage collected there for each 16 MB that were made.
 *
 * Reading what rules 2-5 took is a RecycledTensorError that says where it came from and what to write.
 * This file knows tensors only by their holdings.
 */
import type { Backend, DType, Storage, TypedArray } from "./backend/backend.ts";
import { shapeOnlyBackend } from "./backend/shapeOnly.ts";
import { OutOfMemoryError, RecycledTensorError } from "./errors.ts";
import { describeShape, type Shape, sizeOf } from "./shapes.ts";

const SMALL = 4096;
const TIDY_BYTES = 96 * 2 ** 20;
const TIDY_TENSORS = 100_000;
const TIDY_BETWEEN_BYTES = 16 * 2 ** 20;
/** Tensors of so many bytes have a life of their own; so many smaller ones, made one after the other, share one. */
const LARGE = 65_536;
const GROUP = 32;
/** A turn of the event loop keeps what WeakRefs were made for, so it has to be cut short after that many. */
const LIVES_PER_TURN = 10_000;
const UNREACHABLE = "nothing refers to it";
const BYTES_PER_ELEMENT: Record<DType, number> = { float32: 4, float64: 8, int32: 4, bool: 1 };

/** One allocation of a backend; views of it share it. */
export class Block {
  readonly backend: Backend;
  readonly storage: Storage;
  readonly bytes: number;
  references = 1;
  /** Counts the changes in place, so that a graph notices when what it saved has changed. */
  version = 0;

  constructor(backend: Backend, storage: Storage) {
    this.backend = backend;
    this.storage = storage;
    // The backend that keeps shapes only holds nothing.
    this.bytes = backend === shapeOnlyBackend ? 0 : storage.length * BYTES_PER_ELEMENT[storage.dtype];
  }
}

/** What one tensor holds of the memory. Lists that recycle name the holding, so that they keep no tensor alive. */
export class Holding {
  /** Null once given back, or moved to `values`. */
  block: Block | null;
  storage: Storage;
  /** The values of a small tensor whose graph was recycled. */
  values: TypedArray | null = null;
  readonly backend: Backend;
  readonly shape: Shape;
  /** The operation that made it. */
  readonly origin: string;
  /** The number of the backward() before which it was made. */
  readonly step: number;
  kept = false;
  /** Whether user code has been handed it: as a gradient, or by a hook. */
  seen = false;
  lease: BatchLease | null = null;
  /** Tells when no tensor refers to it any more; null where nothing does. */
  life: WeakRef<Life> | null = null;
  /** Where in the list of all holdings it is. */
  place = -1;
  /** Scratch for walks. */
  mark = 0;
  /** Why and when it was given back. */
  end: string | null = null;

  constructor(block: Block, storage: Storage, shape: Shape, origin: string) {
    this.block = block;
    this.backend = block.backend;
    this.storage = storage;
    this.shape = shape;
    this.origin = origin;
    this.step = differentiated + 1;
  }

  get bytes(): number {
    return this.storage.length * BYTES_PER_ELEMENT[this.storage.dtype];
  }
}

/**
 * What a tensor refers to and its holding does weakly: once it is collected as garbage, so are its tensors. (A WeakRef of
 * each tensor would do; but it costs as much as a small operation.)
 */
export class Life {}

/** Tensors that share a life: how many more may join. */
interface Group {
  readonly life: Life;
  readonly reference: WeakRef<Life>;
  room: number;
}

/** Something that holds memory: a tensor. */
export interface Holder {
  readonly holding: Holding;
  readonly requiresGrad: boolean;
  readonly node: { interiors: Holding[][] | null } | null;
}

/** A loader's batch and what derives from it. */
export class BatchLease {
  members: Holding[] = [];
  /** Number of the last backward() that used it; 0 for none. */
  lastUse = 0;
  /** The user collects batches: left to rules 1 and 8. */
  lasting = false;
  pruneAt = 16;
}

/** What was made since it was entered. */
export class Scope {
  readonly outer: Scope | null;
  readonly made: Holding[] = [];

  constructor(outer: Scope | null) {
    this.outer = outer;
  }
}

let differentiated = 0;
let scope: Scope | null = null;
let walk = 0;
let bytesHeld = 0;
let bytesAfterTidying = 0;
let holdingsAfterTidying = 0;
let bytesAfterTidyingBetween = 0;
/** In no order: who goes leaves its place to the last one. (A Set costs a tenth of a small operation.) */
const live: Holding[] = [];
const leases = new Set<BatchLease>();
/** By the number of the backward() that differentiated them: what rule 4 will recycle. */
const spent = new Map<number, { holdings: Holding[]; forget: () => void }>();
let probe: LivenessProbe | null = null;
let collector: Collector | null = null;
let group: Group | null = null;
let livesInTurn = 0;

const registry = new FinalizationRegistry<Holding>((holding) => giveBack(holding, UNREACHABLE));

/** How many graphs have been differentiated so far. */
export function graphsDifferentiated(): number {
  return differentiated;
}

// ── Taking and giving ────────────────────────────────────────────────────────────────────────────────────────────────

/** Memory for a new tensor. */
export function allocate(backend: Backend, dtype: DType, shape: Shape, origin: string): Holding {
  if (
    probe !== null &&
    (bytesHeld > bytesAfterTidying + Math.max(TIDY_BYTES, bytesAfterTidying) ||
      live.length > holdingsAfterTidying + Math.max(TIDY_TENSORS, holdingsAfterTidying))
  )
    tidy();
  const length = sizeOf(shape);
  const storage = allocateOrSweep(backend, dtype, length, shape, origin);
  const block = new Block(backend, storage);
  bytesHeld += block.bytes;
  return admit(new Holding(block, storage, shape, origin));
}

function allocateOrSweep(
  backend: Backend,
  dtype: DType,
  length: number,
  shape: Shape,
  origin: string,
): Storage {
  try {
    return backend.allocate(dtype, length);
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    sweep();
    try {
      return backend.allocate(dtype, length);
    } catch (again) {
      if (!(again instanceof OutOfMemoryError)) throw again;
      const bytes = length * BYTES_PER_ELEMENT[dtype];
      throw new OutOfMemoryError(
        `${origin}: no memory for a tensor ${describeShape(shape)} (${formatBytes(bytes)}); ${formatBytes(bytesHeld)} are held:\n` +
          `${describeHolders()}\nMake the batch smaller, evaluate under noGrad, or let go of tensors kept in arrays.`,
        { cause: again },
      );
    }
  }
}

/** A second holding of memory that `holding` has: a view. */
export function share(holding: Holding, shape: Shape, start: number, origin: string): Holding {
  const block = blockOf(holding);
  const length = sizeOf(shape);
  const storage =
    start === 0 && length === holding.storage.length ? holding.storage : holding.storage.slice(start, length);
  block.references++;
  return admit(new Holding(block, storage, shape, origin));
}

function enlist(holding: Holding): void {
  holding.place = live.length;
  live.push(holding);
}

function strike(holding: Holding): void {
  const last = live.pop()!;
  if (last === holding) return;
  live[holding.place] = last;
  last.place = holding.place;
}

/** Gives back what is not alive; from the end, since whoever goes has its place taken by one that was asked already. */
function giveBackUnless(isAlive: (holding: Holding) => boolean): void {
  for (let i = live.length - 1; i >= 0; i--) if (!isAlive(live[i]!)) giveBack(live[i]!, UNREACHABLE);
}

function admit(holding: Holding): Holding {
  enlist(holding);
  scope?.made.push(holding);
  return holding;
}

/**
 * Called by every new tensor, which has to refer to the life that it is given. Where reachability cannot be asked for, the
 * runtime tells when the tensor is gone.
 */
export function register(tensor: Holder): Life | null {
  const { holding } = tensor;
  if (probe === null) registry.register(tensor, holding);
  if (collector === null) return null;
  let own = group;
  if (holding.bytes >= LARGE) own = newGroup(1, collector);
  else if (own === null || own.room === 0) {
    own = newGroup(GROUP, collector);
    group = own;
  }
  own.room--;
  holding.life = own.reference;
  return own.life;
}

function newGroup(room: number, { release }: Collector): Group {
  if (++livesInTurn >= LIVES_PER_TURN) {
    livesInTurn = 0;
    release();
  }
  const life = new Life();
  return { life, reference: new WeakRef(life), room };
}

/** The block of a holding; throws when it was given back. */
export function blockOf(holding: Holding): Block {
  return holding.block ?? restore(holding);
}

/** The values, wherever they are; not for writing. */
export function valuesOf(holding: Holding): TypedArray {
  if (holding.values !== null) return holding.values;
  blockOf(holding);
  const values = holding.storage.values();
  if (values.length < holding.storage.length)
    throw new TypeError(
      `a tensor ${describeShape(holding.shape)} on the ${holding.backend.name} backend has a shape and no values; make it on another backend to compute with it`,
    );
  return values;
}

/** Takes memory again for a small tensor that a graph's end moved out. */
function restore(holding: Holding): Block {
  const { values, backend, storage, shape, origin } = holding;
  if (values === null) throw recycledError(holding);
  const fresh = allocateOrSweep(backend, storage.dtype, storage.length, shape, origin);
  fresh.values().set(values);
  const block = new Block(backend, fresh);
  bytesHeld += block.bytes;
  holding.storage = fresh;
  holding.block = block;
  holding.values = null;
  enlist(holding);
  return block;
}

/** Rule 4: recycles a large tensor, moves the values of a small one out of the backend. */
function retire(holding: Holding, reason: string): void {
  if (holding.kept || holding.block === null) return;
  if (holding.bytes <= SMALL) {
    const values = holding.storage.values().slice();
    giveBack(holding, "");
    holding.values = values;
  } else giveBack(holding, reason);
}

/** Says that a tensor's values were changed in place (an optimiser's step), so that graphs that saved them notice. */
export function noteChange(holding: Holding): void {
  blockOf(holding).version++;
}

/** Gives a holding's memory back; `reason` completes "was recycled: …". */
export function giveBack(holding: Holding, reason: string): void {
  const block = holding.block;
  if (holding.values === null && block === null) return;
  holding.values = null;
  holding.end = reason;
  if (block === null) return;
  holding.block = null;
  strike(holding);
  if (--block.references === 0) {
    bytesHeld -= block.bytes;
    block.backend.release(block.storage);
  }
}

function recycledError(holding: Holding): RecycledTensorError {
  const what = `the tensor ${describeShape(holding.shape)} made by ${holding.origin} for graph ${holding.step}`;
  return new RecycledTensorError(`${what} was recycled: ${holding.end}`);
}

// ── Scopes: modules' calls, scope(), one operation's gradient ────────────────────────────────────────────────────────

export function enterScope(): Scope {
  scope = new Scope(scope);
  return scope;
}

/** Leaves without giving anything back: what was made belongs to the scope around. For errors on the way. */
export function abandonScope(left: Scope): void {
  scope = left.outer;
  if (scope !== null) for (const holding of left.made) scope.made.push(holding);
}

/** Leaves and gives back all that was made inside and that `survives` does not want. */
export function leaveScope(left: Scope, survives: (holding: Holding) => boolean, reason: string): void {
  scope = left.outer;
  for (const holding of left.made) {
    if (holding.block === null) continue;
    if (holding.kept || survives(holding)) scope?.made.push(holding);
    else giveBack(holding, reason);
  }
}

/** Runs `body` as if no scope were entered: what it makes belongs to nobody. */
export function outsideScopes<T>(body: () => T): T {
  const entered = scope;
  scope = null;
  try {
    return body();
  } finally {
    scope = entered;
  }
}

/**
 * Runs a module's call under rule 2. What `body` returns (tensors, or arrays and objects of tensors) and the tensors in
 * the fields of `owner` (the module) stay; the rest is interior.
 */
export function moduleScope<T>(body: () => T, owner: object | null = null): T {
  const entered = enterScope();
  let output: T;
  try {
    output = body();
  } catch (error) {
    abandonScope(entered);
    throw error;
  }
  leaveModuleScope(entered, output, owner);
  return output;
}

function leaveModuleScope(left: Scope, outputs: unknown, owner: object | null): void {
  scope = left.outer;
  if (left.made.length === 0) return;
  const returned = ++walk;
  const visible: Holder[] = [];
  markHoldings(outputs, returned, visible, 3);
  const stored = ++walk;
  // Most layers make nothing but what they return; then no field has to be looked at.
  if (owner !== null && left.made.some(({ block, mark }) => block !== null && mark !== returned))
    for (const field of Object.values(owner))
      if (isHolder(field) || Array.isArray(field)) markHoldings(field, stored, visible, 2);
  const differentiable = visible.filter((tensor) => tensor.node !== null);
  const interior: Holding[] = [];
  for (const holding of left.made) {
    if (holding.block === null || holding.kept || holding.seen || holding.mark === stored) continue;
    if (holding.mark === returned) scope?.made.push(holding);
    else if (differentiable.length === 0)
      giveBack(
        holding,
        "it lived inside a module's call (or a scope) and was neither returned nor kept. Return it, store it in a field of the module, or write .keep() where it is made",
      );
    else if (scope !== null) scope.made.push(holding);
    else interior.push(holding);
  }
  if (interior.length === 0) return;
  for (const tensor of differentiable) {
    const node = tensor.node!;
    if (node.interiors === null) node.interiors = [interior];
    else node.interiors.push(interior);
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === "object" && value !== null && "holding" in value && value.holding instanceof Holding
  );
}

/** Marks the holdings of all tensors in `value`, down to `depth` levels of arrays, maps and plain objects. */
function markHoldings(value: unknown, mark: number, found: Holder[], depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (isHolder(value)) {
    if (value.holding.mark !== mark) found.push(value);
    value.holding.mark = mark;
  } else if (depth > 0) {
    const items =
      Array.isArray(value) || value instanceof Set || value instanceof Map
        ? value.values()
        : Object.values(value);
    for (const item of items) markHoldings(item, mark, found, depth - 1);
  }
}

/**
 * Gives back at once what `body` makes and does not return; what a graph still needs goes when the graph is
 * differentiated. Returns what `body` returns.
 *
 * @example
 * const distance = scope(() => a.sub(b).square().sum());
 */
export function withScope<T>(body: () => T): T {
  return moduleScope(() => {
    const result = body();
    if (result instanceof Promise)
      throw new TypeError(
        "scope: the function is async; a scope covers synchronous code only. Put the scope around the parts between the awaits",
      );
    return result;
  });
}

// ── Graphs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where backward() reports what it differentiated; counts as the next number. */
export class GraphEnd {
  readonly number: number;
  readonly #holdings: Holding[] = [];
  readonly #interiors: Holding[][] = [];

  constructor() {
    this.number = differentiated + 1;
  }

  /** A tensor of the graph (leaves too). */
  visit(tensor: Holder, isLeaf: boolean): void {
    const { holding, node } = tensor;
    if (holding.lease !== null) holding.lease.lastUse = this.number;
    if (isLeaf) return;
    this.#holdings.push(holding);
    if (node !== null && node.interiors !== null) {
      this.#interiors.push(...node.interiors);
      node.interiors = null;
    }
  }

  /** A gradient that a hook was shown, or what the hook made (rule 6). */
  observe(holding: Holding): void {
    this.#holdings.push(holding);
  }

  /** A gradient that another one replaced (rule 6). */
  replace(gradient: Holding): void {
    if (gradient.kept || gradient.block === null) return;
    if (gradient.seen) this.#holdings.push(gradient);
    else giveBack(gradient, "the next backward() replaced this gradient");
  }

  /** Applies rules 2, 4 and 5. `forget` cuts the graph's edges when its turn has come. */
  finish(forget: () => void): void {
    differentiated = this.number;
    for (const interior of this.#interiors)
      for (const holding of interior)
        if (!holding.kept)
          giveBack(
            holding,
            `it lived inside a module's call, and backward() number ${this.number} differentiated it. Write .keep() where it is made to read it afterwards`,
          );
    spent.set(this.number, { holdings: this.#holdings, forget });
    const due = spent.get(this.number - 2);
    if (due !== undefined) {
      spent.delete(this.number - 2);
      const reason = `backward() number ${this.number - 2} differentiated it, and two more graphs have been differentiated since. Write .keep() where it is made to read it later, or .detach() for its values alone`;
      for (const holding of due.holdings) retire(holding, reason);
      due.forget();
    }
    for (const lease of leases) {
      if (lease.lastUse === 0 || lease.lastUse > this.number - 2) continue;
      leases.delete(lease);
      const reason = `it is (or comes from) a batch of a loader that was last used by backward() number ${lease.lastUse}, two graphs ago. Write .keep() where you get it to use it later`;
      for (const holding of lease.members) retire(holding, reason);
    }
  }
}

/**
 * Hands a loader's batch over to rule 5. Call it for each batch drawn, with the lease of the batch drawn before by the
 * same iterator (or null).
 */
export function leaseBatch(tensors: readonly Holder[], previous: BatchLease | null): BatchLease {
  endLease(previous);
  const lease = new BatchLease();
  for (const tensor of tensors) {
    tensor.holding.lease = lease;
    lease.members.push(tensor.holding);
  }
  leases.add(lease);
  return lease;
}

/** Call it when an iterator ends, with its last lease: a batch that no graph has used is the user's (`[...loader]`). */
export function endLease(lease: BatchLease | null): void {
  if (lease === null || lease.lastUse > 0) return;
  lease.lasting = true;
  lease.members = [];
  leases.delete(lease);
}

/** A result that carries no gradient and was computed from a leased batch shares its fate. */
export function joinLease(holding: Holding, lease: BatchLease): void {
  if (lease.lasting) return;
  holding.lease = lease;
  if (lease.members.length >= lease.pruneAt) {
    lease.members = lease.members.filter((member) => member.block !== null);
    lease.pruneAt = Math.max(16, lease.members.length * 2);
  }
  lease.members.push(holding);
}

// ── Tidying, sweeping and reporting ──────────────────────────────────────────────────────────────────────────────────

/** Answers which tensors the program can still reach; null when it cannot tell. */
export type LivenessProbe = () => readonly Holder[] | null;

/** Sets the way to find out which tensors are reachable, null where there is none. Returns the one before. */
export function setLivenessProbe(ask: LivenessProbe | null): LivenessProbe | null {
  const before = probe;
  probe = ask;
  return before;
}

/** Has the runtime collect garbage in the middle of synchronous code. */
export interface Collector {
  /** Lets go of what this turn of the event loop keeps because WeakRefs were made for it or asked about it. */
  readonly release: () => void;
  /** Collects what was made lately and is garbage, or all garbage. */
  readonly collect: (all: boolean) => void;
}

/** Sets the way to collect garbage; there is none unless told. */
export function setCollector(given: Collector): void {
  collector = given;
}

/** Gives back what the program can no longer reach, with as little work as finds half of what was made since the last time. */
function tidy(): void {
  const enoughBytes = (bytesAfterTidying + bytesHeld) / 2;
  const enoughHoldings = (holdingsAfterTidying + live.length) / 2;
  for (const all of [false, true]) {
    if (collector === null) break;
    collect(collector, all);
    if (bytesHeld <= enoughBytes && live.length <= enoughHoldings) {
      noteTidiness();
      return;
    }
  }
  sweep();
}

function collect(collector: Collector, all: boolean): void {
  collector.release();
  collector.collect(all);
  giveBackUnless(({ life }) => life === null || life.deref() !== undefined);
}

/** Gives back the young garbage, where much was made; for programs that know when they are between two pieces of work. */
export function tidyBetween(): void {
  bytesAfterTidyingBetween = Math.min(bytesAfterTidyingBetween, bytesHeld);
  if (collector === null || bytesHeld < bytesAfterTidyingBetween + TIDY_BETWEEN_BYTES) return;
  collect(collector, false);
  bytesAfterTidyingBetween = bytesHeld;
}

function noteTidiness(): void {
  bytesAfterTidying = bytesHeld;
  holdingsAfterTidying = live.length;
}

/** Gives back the memory of all tensors the program can no longer reach. Returns the bytes gained; 0 where it cannot know. */
export function sweep(): number {
  const before = bytesHeld;
  const reachable = probe?.() ?? null;
  if (reachable !== null) {
    const mark = ++walk;
    for (const tensor of reachable) if (tensor.holding !== undefined) tensor.holding.mark = mark;
    giveBackUnless((holding) => holding.mark === mark);
  }
  noteTidiness();
  return before - bytesHeld;
}

/** What holds memory. */
export interface MemoryReport {
  /** All memory held, in bytes. */
  readonly bytes: number;
  /** How many tensors hold it. */
  readonly tensors: number;
  /** The largest groups of tensors made by one operation with one shape. */
  readonly holders: readonly {
    readonly origin: string;
    readonly shape: Shape;
    readonly count: number;
    readonly bytes: number;
  }[];
}

/** What holds the engine's memory, largest first. */
export function memoryReport(): MemoryReport {
  const groups = new Map<string, { origin: string; shape: Shape; count: number; bytes: number }>();
  const counted = new Set<Block>();
  for (const holding of live) {
    const key = `${holding.origin} ${describeShape(holding.shape)}`;
    const group = groups.get(key) ?? { origin: holding.origin, shape: holding.shape, count: 0, bytes: 0 };
    const block = blockOf(holding);
    group.count++;
    if (!counted.has(block)) group.bytes += block.bytes;
    counted.add(block);
    groups.set(key, group);
  }
  const holders = [...groups.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 20);
  return { bytes: bytesHeld, tensors: live.length, holders };
}

function describeHolders(): string {
  return memoryReport()
    .holders.slice(0, 6)
    .map(
      ({ origin, shape, count, bytes }) =>
        `  ${formatBytes(bytes)} in ${count} × ${origin} ${describeShape(shape)}`,
    )
    .join("\n");
}

/** `12.3 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 1000 && unit < units.length - 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
