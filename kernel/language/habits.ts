// What people write who come from Python, or whom a keyboard misleads, and what it is in TypeScript; all data, read where
// TypeScript has found an error. Hints may use `$1`, `$2` … for what a pattern has matched.

/** Names that nothing declares here. */
export const foreignNames: Readonly<Record<string, string>> = {
  print: "write console.log(…)",
  None: "write null",
  True: "write true",
  False: "write false",
  self: "write this",
  pass: "leave it out: { } is an empty body",
  len: "write list.length; a tensor has x.shape[0]",
  range: "write for (let i = 0; i < 10; i++) { … }; arange(10) is a tensor",
  enumerate: "write for (const [i, x] of list.entries()) { … }",
  zip: "write a.map((x, i) => [x, b[i]])",
  str: "write String(x); the type is string",
  int: "write Math.trunc(x); the type is number",
  float: "write Number(x); the type is number",
  bool: "write Boolean(x); the type is boolean",
  input: "write prompt(…)",
  isinstance: "write x instanceof Class",
  abs: "write Math.abs(x); a tensor has x.abs()",
  round: "write Math.round(x); a tensor has x.round()",
  sqrt: "write Math.sqrt(x); a tensor has x.sqrt()",
  exp: "write Math.exp(x); a tensor has x.exp()",
  max: "write Math.max(…); a tensor has x.max()",
  min: "write Math.min(…); a tensor has x.min()",
  sum: "write list.reduce((a, b) => a + b, 0); a tensor has x.sum()",
  math: "write Math: Math.sqrt(2), Math.PI",
  random: "write Math.random(); tensors come from rand, randn and randint",
  np: "tensors take NumPy's place: tensor([1, 2]), zeros, arange, linspace",
  numpy: "tensors take NumPy's place: tensor([1, 2]), zeros, arange, linspace",
  torch: "leave it out: tensor, zeros, randn, noGrad, nn and optim stand by themselves",
  F: "activations are methods, as in x.relu(); losses are in nn, as in nn.crossEntropy",
  plt: "pictures are made by show, as in show.lines(…)",
  document: "cells run in Node, where there is no page; pictures are made by show",
  window: "cells run in Node, where there is no page; globalThis holds what is global",
  exit: "to end the kernel: Kernel > Shut Down Kernel",
  quit: "to end the kernel: Kernel > Shut Down Kernel",
};

/** Members by other names; only a name that the object in hand has is told. */
export const foreignMembers: Readonly<Record<string, string>> = {
  append: "push",
  extend: "concat",
  index: "indexOf",
  copy: "slice",
  upper: "toUpperCase",
  lower: "toLowerCase",
  strip: "trim",
  lstrip: "trimStart",
  rstrip: "trimEnd",
  items: "entries",
  count: "size",
  len: "length",
  numpy: "toArray",
  tolist: "toArray",
  view: "reshape",
  astype: "to",
  type: "to",
  float: "to",
  long: "to",
  eq: "equal",
  ne: "notEqual",
  gt: "greater",
  ge: "greaterEqual",
  lt: "less",
  le: "lessEqual",
  mm: "matmul",
};

const words =
  "break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|" +
  "if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with|yield";
const libraries =
  "numpy|torch|torchvision|tensorflow|keras|pandas|matplotlib|seaborn|sklearn|scipy|math|random|jax|PIL|cv2";

/** Texts at the very place where the syntax goes wrong. */
export const foreignMarks: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^#/, "comments begin with //"],
  [/^and\b/, "write && for and"],
  [/^or\b/, "write || for or"],
  [/^not\b/, "write ! for not"],
  [/^is\b/, "write === for is"],
  [/^@/, "write a.matmul(b) for a @ b"],
  [/^then\b/, "leave it out: if (…) { … }"],
  [/^[“”„«»]/, 'write straight quotes: "…"'],
  [/^[‘’‚‹›`´]/, "write straight quotes: '…'"],
];

/** Lines with a syntax error in them. */
export const foreignLines: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^\s*def\s+__init__\b/, "write constructor() { super(); … }"],
  [/^\s*(?:async\s+)?def\s+(\w+)\s*\(([^)]*)\)[^:]*:/, "write function $1($2) { … }"],
  [/^\s*class\s+(\w+)\s*\(\s*([\w.]+)\s*\)\s*:/, "write class $1 extends $2 { … }"],
  [/^\s*class\s+(\w+)\s*(?:\(\s*\))?\s*:/, "write class $1 { … }"],
  [/^\s*for\s+(\w+)\s+in\s+range\(\s*([\w.]+)\s*\)\s*:/, "write for (let $1 = 0; $1 < $2; $1++) { … }"],
  [
    /^\s*for\s+(\w+)\s+in\s+range\(\s*([\w.]+)\s*,\s*([\w.]+)\s*\)\s*:/,
    "write for (let $1 = $2; $1 < $3; $1++) { … }",
  ],
  [
    /^\s*for\s+(\w+)\s*,\s*(\w+)\s+in\s+enumerate\(\s*([\w.]+)\s*\)\s*:/,
    "write for (const [$1, $2] of $3.entries()) { … }",
  ],
  [/^\s*for\s+(\w+(?:\s*,\s*\w+)+)\s+in\s+(.+?)\s*:/, "write for (const [$1] of $2) { … }"],
  [/^\s*for\s+(\w+)\s+in\s+(.+?)\s*:/, "write for (const $1 of $2) { … }"],
  [/\belif\b/, "write else if (…) { … }"],
  [/^\s*else\s*:/, "write else { … }"],
  [/^\s*(if|while)\b[^{?]*:/, "write $1 (…) { … }"],
  [/^\s*try\s*:/, "write try { … } catch (error) { … }"],
  [/\bexcept\b/, "write catch (error) { … }"],
  [/^\s*raise\b/, "write throw new Error(…)"],
  [/^\s*with\s+(?:torch\.)?no_grad\(\)\s*:/, "write noGrad(() => { … })"],
  [/^\s*del\s+\w/, "leave it out: what nothing refers to is freed by itself"],
  [/^\s*(?:global|nonlocal)\s+\w/, "leave it out: functions see the names around them"],
  [/^\s*assert\s+\w/, "write if (!(…)) throw new Error(…)"],
  [/^\s*print\s+\S/, "write console.log(…)"],
  [/\w\s+is\s+(?:not\s+)?None\b/, "write x === null, or x !== null"],
  [/^\s*!\s*(?:pip|npm)\b/, "write %install name"],
  [
    new RegExp(`^\\s*(?:import|from)\\s+(?:${libraries})\\b(?!['"])`),
    "leave it out: tensor, nn, optim, data, metrics and show need no import, and Math has the functions of numbers",
  ],
  [/^\s*from\s+([\w.]+)\s+import\s+(\w+(?:\s*,\s*\w+)*)/, 'write import { $2 } from "$1"'],
  [/^\s*import\s+([\w.]+)\s+as\s+(\w+)\s*;?\s*$/, 'write import * as $2 from "$1"'],
  [/^\s*import\s+(\w+)\s*;?\s*$/, 'write import * as $1 from "$1"'],
  [/\[\s*([^[\]]+?)\s+for\s+(\w+)\s+in\s+(\w[\w.]*)\s*\]/, "write $3.map(($2) => $1)"],
  [/\[.+\sfor\s+(\w+)\s+in\s.+\]/, "write list.map(($1) => …), and .filter(($1) => …) before it for an if"],
  [/\blambda\s+([\w, ]+?)\s*:/, "write ($1) => …"],
  [/\blambda\s*:/, "write () => …"],
  [/\bfunction\s*\(([^)]*)\)\s*=>/, "write either ($1) => … or function ($1) { … }"],
  [/\w\s+if\s+.+\s+else\s+\w/, "write condition ? one : other"],
  [/(\w+)\[\s*(-?\w*)\s*:\s*(-?\w*)\s*\]/, "write $1.slice(…); of a tensor $1.slice([[start, end]])"],
  [/(?:^|[\s(,=+[{:])[fF](["']).*\1/, `a text with values in it stands between backticks: \`value \${x}\``],
  [/"""|'''/, "a text of several lines stands between backticks; a comment between /* and */"],
  [/^\s*for\s*each\b|\bforeach\b/, "write for (const x of list) { … }"],
  [/^\s*for\s*\([^;)]*,[^;)]*,[^;)]*\)/, "the three parts of a for stand between semicolons: for (…; …; …)"],
  [
    new RegExp(`\\b(?:let|const|var|function)\\s+(${words})\\b(?!\\s*\\()`),
    "$1 is a word of the language: choose another name",
  ],
  [/\b(?:let|const|var)\s+\d/, "a name begins with a letter, _ or $"],
  [/^\s*\{.*\}\s*[.[]/, "a line that begins with { is a block: put the object in parentheses, ({ … })"],
  [
    /<[A-Za-z][\w.]*(?:\s[^>]*)?>.*<\/|<[A-Za-z][\w.]*(?:\s[^>]*)?\/>/,
    "JSX is not run here; HTML is a text, as in `<b>…</b>`",
  ],
];

/** The hint for the name, if it is known: an object's own members are not its hints. */
export function foreignName(name: string): string | undefined {
  return Object.hasOwn(foreignNames, name) ? foreignNames[name] : undefined;
}
