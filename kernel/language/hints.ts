// What to do about the mistakes that students make most: one sentence after TypeScript's own.

import { existsSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { foreignMembers, foreignName } from "./habits.ts";

export interface HintContext {
  /** The text the diagnostic marks. */
  marked: string;
  /** What stands before and after it in its line. */
  before: string;
  after: string;
  directory: string;
  /** How the called function is declared, for errors in calls. */
  signature(): string | null;
  /** The members of what stands before the dot. */
  members(): string[];
  /** The type of what is marked. */
  type(): string;
}

type Rule = (message: string, context: HintContext) => string | undefined;

const argumentCount: Rule = (_message, { signature }) => {
  const declared = signature();
  return declared === null ? undefined : `it is declared as ${declared}`;
};
const argumentType: Rule = (message, context) =>
  uncalledHint(message) ??
  missingValueHint(message, context) ??
  tensorHint(message) ??
  argumentCount(message, context);
const otherType: Rule = (message, context) =>
  uncalledHint(message) ?? missingValueHint(message, context) ?? labelHint(message);
const possiblyMissing: Rule = (_message, { marked }) =>
  `test it first (if (${marked}) …), use ${marked}?.…, or ${marked}! if it is surely there`;
const noValue: Rule = (_message, { marked }) =>
  `${marked} stands for no value, and has no members and no operators: write what is meant in its place`;
const possiblyUncallable: Rule = (_message, { marked }) =>
  `test it first (if (${marked}) …), or call it only where it is there: ${marked}?.(…)`;
/** For `number | undefined` where a number belongs. */
function missingValueHint(message: string, { marked }: HintContext): string | undefined {
  const [, given = "", wanted = ""] =
    /ype '(.+?)' is not assignable to (?:parameter of )?type '(.+?)'/.exec(message) ?? [];
  const mayBeMissing = (type: string): boolean => /(?:^|\| )(?:undefined|null)\b/.test(type);
  if (!mayBeMissing(given) || mayBeMissing(wanted)) return undefined;
  return /^(?:undefined|null)$/.test(given)
    ? `add it to the type where it is declared: ${wanted} | ${given}`
    : `say what to take where it is missing (${marked} ?? …), test it first, or write ${marked}! if it is surely there`;
}
const fixed: Rule = () => "declare it with let to change it later";
const superFirst: Rule = () => "call super() first in the constructor";

/** By TypeScript's number. */
const rules: Readonly<Record<number, Rule>> = {
  2554: argumentCount,
  2555: argumentCount,
  2575: argumentCount,
  2556: argumentCount,
  2345: argumentType,
  2769: argumentType,
  2322: otherType,
  2740: otherType,
  2304: nameHint,
  2552: (_message, { marked }) => foreignName(marked),
  2339: memberHint,
  2551: memberHint,
  2531: possiblyMissing,
  2532: possiblyMissing,
  2533: possiblyMissing,
  18047: possiblyMissing,
  18048: possiblyMissing,
  18049: possiblyMissing,
  18050: noValue,
  2721: possiblyUncallable,
  2722: possiblyUncallable,
  2723: possiblyUncallable,
  2307: moduleHint,
  2792: moduleHint,
  7016: moduleHint,
  2588: fixed,
  2540: fixed,
  2632: (_message, { marked }) => `declare a name of your own: let ${marked} = …`,
  2451: () => "a cell declares a name once: leave out const or let to change it, or choose another name",
  1108: () => "write the value alone: a cell shows that of its last line",
  1308: () => "mark the function around it async",
  2350: () => "call it without new",
  2351: () => "call it without new",
  7009: () => "call it without new",
  2348: (_message, { marked }) => {
    const [, namespace, first, rest] = /^(nn|optim|models)\.([A-Z])(\w*)/.exec(marked) ?? [];
    return first === undefined ? undefined : `write ${namespace}.${first.toLowerCase()}${rest}(…)`;
  },
  2349: callHint,
  2362: (_message, { after, type }) =>
    type() === "Tensor" ? operatorHint(/^\s*(\*\*|[-*/])/.exec(after)?.[1]) : undefined,
  2363: (_message, { before, type }) =>
    type() === "Tensor" ? operatorHint(/(\*\*|[-*/])=?\s*$/.exec(before)?.[1]) : undefined,
  2365: (message) =>
    /'?Tensor/.test(message) ? operatorHint(/^Operator '(.+?)=?'/.exec(message)?.[1]) : undefined,
  2377: superFirst,
  17009: superFirst,
  2488: (message) =>
    /^Type '(?:\d+|number)'/.test(message)
      ? "a number has nothing to walk through: for (let i = 0; i < 10; i++) { … }"
      : undefined,
  2515: (message) => {
    const member = /member '?(\w+)'?/.exec(message)?.[1];
    return member === undefined ? undefined : `write ${member}(…) { … } in the class`;
  },
  2538: (message) =>
    message.includes("'Tensor'") ? "write x.maskedSelect(mask) or x.indexSelect(dim, indices)" : undefined,
  2695: () => "several names get values by [a, b] = [1, 2]",
};

/** The hint for the error `code` with `message`, or undefined where TypeScript says enough. */
export function hintFor(code: number, message: string, context: HintContext): string | undefined {
  return rules[code]?.(message, context);
}

function nameHint(_message: string, { marked, before, after }: HintContext): string | undefined {
  if (/(?:^|[;{}])\s*$/.test(before) && /^\s*=(?![=>])/.test(after)) return `declare it: let ${marked} = …`;
  return foreignName(marked) ?? `run the cell that declares ${marked}, or import it`;
}

/** For something called that is no function. */
function callHint(message: string, { marked, after }: HintContext): string | undefined {
  if (!message.includes("has no call signatures")) return undefined;
  if (after.trim() === "") return "put ; at the end of the line: the next one begins with ( and so calls it";
  if (message.includes("'Tensor'")) return "write x.at(i) for a part of a tensor";
  return `${marked} is no function: write it without ( )`;
}

const methods: Readonly<Record<string, string>> = {
  "+": "a.add(b)",
  "-": "a.sub(b)",
  "*": "a.mul(b), or a.matmul(b) for the product of matrices",
  "/": "a.div(b)",
  "**": "a.pow(b)",
  "<": "a.less(b)",
  ">": "a.greater(b)",
  "<=": "a.lessEqual(b)",
  ">=": "a.greaterEqual(b)",
};

function operatorHint(operator = "+"): string {
  return `tensors are combined by methods: ${methods[operator] ?? methods["+"]}`;
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

const numbers =
  'networks compute with numbers: give each class a number, as in tensor([0, 1], { dtype: "int32" })';

/** For texts among what becomes a tensor. */
function labelHint(message: string): string | undefined {
  return /^Type 'string' is not assignable to type 'NestedNumbers'/.test(message) ? numbers : undefined;
}

/** For something else where a tensor belongs. */
function tensorHint(message: string): string | undefined {
  const given = /^Argument of type '(.+?)' is not assignable to parameter of type '(.+?)'\.?(?:\n|$)/.exec(
    message,
  );
  if (given === null) return undefined;
  const [, type, wanted] = given;
  if (wanted!.startsWith("Trained<")) return "give it the model's parameters: model.parameters()";
  if (wanted === "Batches" && type === "Dataset")
    return "a data set comes in batches: write .loader({ batchSize: 32 }) after it";
  if (wanted === "Batches" && type === "TrainAndTest")
    return "train on its batches: write .train.loader({ batchSize: 32 }) after it";
  if (wanted !== "Tensor" && wanted !== "Operand") return undefined;
  if (type === "string[]" || type === "string") return numbers;
  if (type === "Dataset") return "a data set has images and labels: write .images or .labels after it";
  if (/^number(\[\])*$/.test(type!)) return "make a tensor of it first: tensor(…)";
  return undefined;
}

function memberHint(message: string, { marked, before, after, members }: HintContext): string | undefined {
  if (/type 'Promise</.test(message)) return "put await before the call and parentheses around both";
  if (/did you mean/i.test(message)) return undefined;
  if (/\bthis\s*\.\s*$/.test(before) && /^\s*=(?!=)/.test(after))
    return `declare it in the class, outside its functions: ${marked} = …`;
  const names = members().filter((name) => /^[a-zA-Z]/.test(name));
  const familiar = Object.hasOwn(foreignMembers, marked) ? foreignMembers[marked] : undefined;
  if (familiar !== undefined && names.includes(familiar)) return `here it is called ${familiar}`;
  const near = nearest(marked, names);
  if (near) return `did you mean ${near}?`;
  if (names.length === 0) return undefined;
  return names.length <= 16 ? `it has ${names.join(", ")}` : undefined;
}

function moduleHint(message: string, { directory }: HintContext): string | undefined {
  const specifier = /'([^']+)'/.exec(message)?.[1];
  if (specifier === undefined) return undefined;
  if (/^\.{0,2}\//.test(specifier)) return fileHint(specifier, directory);
  const near = nearest(specifier.replace(/^node:/, ""), builtinModules);
  if (specifier.startsWith("node:")) return near ? `did you mean node:${near}?` : "Node has no such module";
  const install = `install it into the notebook's folder: %install ${packageName(specifier)}`;
  return near ? `did you mean node:${near}? Otherwise ${install}` : install;
}

function fileHint(specifier: string, directory: string): string {
  const path = join(directory, specifier);
  const folder = specifier.slice(0, specifier.lastIndexOf("/") + 1);
  const near = nearest(
    specifier,
    filesIn(dirname(path)).map((name) => folder + name),
  );
  return near ? `did you mean ${near}?` : `no such file; the notebook's folder is ${directory}`;
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** `lodash/map` → `lodash`, `@scope/name/part` → `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The name most like `wanted`, if one is like it at all. */
export function nearest(wanted: string, names: readonly string[]): string | null {
  let best: string | null = null;
  // Of a name of one letter nothing would be left.
  let least = Math.min(Math.max(1, Math.floor(wanted.length * 0.4)), wanted.length - 1) + 0.5;
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
