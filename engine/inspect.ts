/** The method by which Node prints an object in `console.log`; elsewhere it is a name that nobody asks for. */
export const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom");
