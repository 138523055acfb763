/**
 * Which module's call is running, inside which others: so that a graph, and an error in it, can say where in a model it
 * belongs. It knows modules only by what it needs to name them.
 */

/** What has a name within a model. */
export interface Placed {
  details(): string;
  namedModules(): readonly [path: string, module: Placed][];
}

/** A module's call, and the call it was made in. */
export interface Place {
  readonly module: Placed;
  readonly outer: Place | null;
}

let current: Place | null = null;

/** The innermost call that is running; null outside of all modules. */
export function currentPlace(): Place | null {
  return current;
}

/** Runs `body` as part of a call of `module`. */
export function within<T>(module: Placed, body: () => T): T {
  const outer = current;
  current = { module, outer };
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Forgets all calls: for code that was terminated in the middle of one. */
export function resetPlace(): void {
  current = null;
}

function outermost(place: Place): Placed {
  let root = place;
  while (root.outer !== null) root = root.outer;
  return root.module;
}

/** The path of the module in the model that was called, such as `features.0`; empty for the model itself. */
export function pathAt(place: Place): string {
  return pathFinder()(place);
}

/** As `pathAt` for many places: it looks through each model once. */
export function pathFinder(): (place: Place) => string {
  const models = new Map<Placed, ReadonlyMap<Placed, string>>();
  return (place) => {
    const model = outermost(place);
    let paths = models.get(model);
    if (paths === undefined) {
      paths = new Map(model.namedModules().map(([path, module]) => [module, path]));
      models.set(model, paths);
    }
    return paths.get(place.module) ?? "";
  };
}

/** `LeNet5.f6 (Linear 120 → 84)`, or `Linear(120 → 84)` for a layer that was called on its own. */
export function describePlace(place: Place): string {
  const path = pathAt(place);
  const kind = place.module.constructor.name;
  const details = place.module.details();
  return path === ""
    ? `${kind}${details && `(${details})`}`
    : `${outermost(place).constructor.name}.${path} (${kind}${details && ` ${details}`})`;
}
