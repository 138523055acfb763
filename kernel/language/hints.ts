// What to do about the mistakes that students make most: one sentence after TypeScript's own.

export interface HintContext {
  /** The text the diagnostic marks. */
  marked: string;
  directory: string;
  /** How the called function is declared, for errors in calls. */
  signature(): string | null;
  /** The members of what stands before the dot. */
  members(): string[];
}

const argumentCount = new Set([2554, 2555, 2575, 2556]);
const argumentType = new Set([2345, 2769]);
const unknownMember = new Set([2339, 2551]);
const possiblyMissing = new Set([2531, 2532, 2533, 18047, 18048, 18049]);
const unknownModule = new Set([2307, 2792, 7016]);

/** The hint for the error `code` with `message`, or undefined where TypeScript says enough. */
export function hintFor(code: number, message: string, context: HintContext): string | undefined {
  if (argumentType.has(code)) {
    const hint = uncalledHint(message) ?? tensorHint(message);
    if (hint !== undefined) return hint;
  }
  if (code === 2322 || code === 2740) return uncalledHint(message);
  if (argumentCount.has(code) || argumentType.has(code)) {
    const signature = context.signature();
    return signature === null ? undefined : `it is declared as ${signature}`;
  }
  if (unknownMember.has(code)) return memberHint(message, context);
  if (possiblyMissing.has(code)) {
    return `test it first (if (${context.marked}) …), use ${context.marked}?.…, or ${context.marked}! if it is surely there`;
  }
  if (unknownModule.has(code)) return moduleHint(message, context.directory);
  if (code === 2304) return `run the cell that declares ${context.marked}, or import it`;
  if (code === 2588 || code === 2540) return "declare it with let to change it later";
  if (code === 2632) return `declare a name of your own: let ${context.marked} = …`;
  if (code === 1308) return "mark the function around it async";
  if (code === 2350 || code === 2351 || code === 7009) return "call it without new";
  if (code === 2365 && /'?Tensor/.test(message))
    return "tensors are combined by methods: a.add(b), a.mul(b), a.matmul(b)";
  if ((code === 2362 || code === 2363) && message.includes("arithmetic")) {
    return "tensors are combined by methods: a.add(b), a.mul(b), a.matmul(b)";
  }
  return undefined;
}

/** For a function where what it returns belongs: `nn.relu` for `nn.relu()`. */
function uncalledHint(message: string): string | undefined {
  const given =
    /[Tt]ype '\([^']*\) => [^']+' is (?:not assignable to|missing the following properties from) (?:parameter of )?type '([^']+)'/.exec(
      message,
    );
  return given === null || given[1]!.includes("=>")
    ? undefined
    : "this is a function: call it by () after its name";
}

/** For something else where a tensor belongs. */
function tensorHint(message: string): string | undefined {
  const given = /^Argument of type '(.+?)' is not assignable to parameter of type '(.+?)'\.?(?:\n|$)/.exec(
    message,
  );
  if (given === null) return undefined;
  const [, type, wanted] = given;
  if (wanted!.startsWith("Trained<")) return "give it the model's parameters: model.parameters()";
  if (wanted !== "Tensor" && wanted !== "Operand") return undefined;
  if (type === "string[]" || type === "string")
    return 'networks compute with numbers: give each class a number, as in tensor([0, 1], { dtype: "int32" })';
  if (type === "Dataset") return "a data set has images and labels: write .images or .labels after it";
  if (/^number(\[\])*$/.test(type!)) return "make a tensor of it first: tensor(…)";
  return undefined;
}

function memberHint(message: string, { marked, members }: HintContext): string | undefined {
  if (/type 'Promise</.test(message)) return "put await before the call and parentheses around both";
  if (/did you mean/i.test(message)) return undefined;
  const names = members().filter((name) => /^[a-zA-Z]/.test(name));
  const near = nearest(marked, names);
  if (near) return `did you mean ${near}?`;
  if (names.length === 0) return undefined;
  return names.length <= 16 ? `it has ${names.join(", ")}` : undefined;
}

function moduleHint(message: string, directory: string): string | undefined {
  const specifier = /'([^']+)'/.exec(message)?.[1];
  if (specifier === undefined) return undefined;
  if (/^\.{0,2}\//.test(specifier)) return `no such file; the notebook's folder is ${directory}`;
  if (specifier.startsWith("node:")) return "Node has no such module";
  const name = packageName(specifier);
  return `install it in the notebook's folder: cd ${directory} && npm install ${name}`;
}

/** `lodash/map` → `lodash`, `@scope/name/part` → `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The name most like `wanted`, if one is like it at all. */
export function nearest(wanted: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(wanted.length * 0.4)) + 0.5;
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) > least) continue;
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + change));
    }
    above = row;
  }
  return above[b.length]!;
}
