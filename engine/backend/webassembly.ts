/**
 * The part of the WebAssembly API that the engine uses, typed. TypeScript declares the API only together with the browser's
 * DOM, which the engine does not want in scope.
 */

/** A shared memory. */
export interface Memory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 65,536 bytes; throws a RangeError when it cannot. */
  grow(pages: number): number;
}

/** A compiled module; threads may share it. */
export interface Module {
  readonly [Symbol.toStringTag]: string;
}

type Bytes = ArrayBuffer | ArrayBufferView;

interface WebAssemblyApi {
  readonly Memory: new (options: { initial: number; maximum: number; shared: true }) => Memory;
  readonly Module: {
    new (bytes: Bytes): Module;
    exports(module: Module): { readonly name: string; readonly kind: string }[];
  };
  readonly Instance: new (
    module: Module,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
  validate(bytes: Bytes): boolean;
}

export const WebAssembly: WebAssemblyApi = Reflect.get(globalThis, "WebAssembly");
