/** The method by which Node prints an object in `console.log`; elsewhere it is a name that nobody asks for. */
export const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * Plain data that prints as a sentence or a table, by `console.log` and `String`; else it stays what it was: nothing is listed,
 * compared or copied along.
 */
export function printsAs<Data extends object>(data: Data, text: (data: Data) => string): Data {
  const print = { value: () => text(data), configurable: true, writable: true };
  return Object.defineProperties(data, { toString: print, [inspect]: print });
}
