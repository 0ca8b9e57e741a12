import vm from "node:vm";

/** The script's JavaScript realm: the ECMAScript builtins of k6's engine, and nothing of Node. */
export interface Realm {
  context: vm.Context;
  global: Record<string, unknown>;
  /** A value of this realm from JSON. */
  parse(json: string): unknown;
  stringify(value: unknown): string | undefined;
  /** An error that the script can catch. */
  error(message: string, name?: string): Error;
  /** An empty object. */
  object(): Record<string, unknown>;
  arrayBuffer(bytes: Uint8Array): ArrayBuffer;
  array(): unknown[];
  promise<T>(
    executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
  ): Promise<T>;
}

/** Globals of V8 that k6's engine (Sobek) does not have. */
const NOT_IN_K6 = [
  "WebAssembly",
  "SharedArrayBuffer",
  "Atomics",
  "Intl",
  "WeakRef",
  "FinalizationRegistry",
];

export function createRealm(): Realm {
  const global: Record<string, unknown> = {};
  const context = vm.createContext(global);
  const made = vm.runInContext(
    `({
      parse: JSON.parse,
      stringify: JSON.stringify,
      error(message, name) {
        const types = { TypeError, RangeError, SyntaxError, ReferenceError };
        const error = new (types[name] ?? Error)(message);
        if (name !== undefined) error.name = name;
        return error;
      },
      object: () => ({}),
      array: () => [],
      arrayBuffer(bytes) {
        const copy = new Uint8Array(bytes.length);
        copy.set(bytes);
        return copy.buffer;
      },
      promise: (executor) => new Promise(executor),
    })`,
    context,
  ) as Omit<Realm, "context" | "global">;
  vm.runInContext(
    `for (const name of ${JSON.stringify(NOT_IN_K6)}) delete globalThis[name];`,
    context,
  );
  return { context, global, ...made };
}
