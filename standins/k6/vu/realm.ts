import vm from "node:vm";

/** The script's own JavaScript world: ECMAScript's builtins as k6's engine has them, and nothing of Node. */
export interface Realm {
  context: vm.Context;
  global: Record<string, unknown>;
  /** A value of this world from JSON. */
  parse(json: string): unknown;
  stringify(value: unknown): string | undefined;
  /** An error for the script to catch. */
  error(message: string, name?: string): Error;
  /** An empty object, to be given methods. */
  object(): Record<string, unknown>;
  arrayBuffer(bytes: Uint8Array): ArrayBuffer;
  array(): unknown[];
  promise<T>(executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void): Promise<T>;
}

/** What V8 gives and k6's engine (Sobek) has not. */
const NOT_IN_K6 = ["WebAssembly", "SharedArrayBuffer", "Atomics", "Intl", "WeakRef", "FinalizationRegistry"];

export function createRealm(): Realm {
  const global: Record<string, unknown> = {};
  const context = vm.createContext(global);
  const made = vm.runInContext(
    `({
      parse: JSON.parse,
      stringify: JSON.stringify,
      error(message, name) {
        const error = new ({ TypeError, RangeError, SyntaxError, ReferenceError }[name] ?? Error)(message);
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
  vm.runInContext(`for (const name of ${JSON.stringify(NOT_IN_K6)}) delete globalThis[name];`, context);
  return { context, global, ...made };
}
