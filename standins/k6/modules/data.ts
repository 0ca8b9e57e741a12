import type { SharedItems } from "../protocol.ts";
import type { Realm } from "../vu/realm.ts";
import type { K6Module, VuContext } from "../vu/vu-context.ts";

/**
 * The module `k6/data`: `SharedArray`. The first VU of the process builds it, all others read it.
 * Each read makes a new frozen copy of the item, as in k6.
 */
export const dataModule: K6Module = (vu) => ({
  SharedArray: function SharedArray(name: string, build: () => unknown) {
    if (vu.phase !== "init")
      throw vu.realm.error("new SharedArray must be called in the init context");
    if (typeof name !== "string" || name === "") {
      throw vu.realm.error("empty name provided to SharedArray's constructor");
    }
    if (typeof build !== "function") {
      throw vu.realm.error(
        "a function is expected as the second argument of SharedArray's constructor",
      );
    }
    const items = vu.link.call("shared-array", { name }) ?? buildOnce(vu, name, build);
    return readOnlyArray(vu.realm, items);
  },
});

function buildOnce(vu: VuContext, name: string, build: () => unknown): SharedItems {
  let items: SharedItems | null = null;
  try {
    const built = build();
    if (!Array.isArray(built)) {
      throw vu.realm.error("only arrays can be made into SharedArray", "TypeError");
    }
    items = pack(built.map((item: unknown) => vu.realm.stringify(item) ?? "null"));
    return items;
  } finally {
    // If this VU failed, a waiting one builds the array.
    vu.link.call("share-array", { name, items });
  }
}

function pack(texts: readonly string[]): SharedItems {
  const encoded = texts.map((text) => Buffer.from(text));
  const offsets = new SharedArrayBuffer(8 * (encoded.length + 1));
  const ends = new Float64Array(offsets);
  encoded.forEach((bytes, index) => {
    ends[index + 1] = (ends[index] ?? 0) + bytes.length;
  });
  const bytes = new SharedArrayBuffer(ends[encoded.length] ?? 0);
  Buffer.concat(encoded).copy(new Uint8Array(bytes));
  return { bytes, offsets };
}

function readOnlyArray(realm: Realm, items: SharedItems): unknown {
  const bytes = Buffer.from(items.bytes);
  const offsets = new Float64Array(items.offsets);
  const length = offsets.length - 1;
  const at = (key: string | symbol): number | undefined => {
    const index = typeof key === "string" && /^\d+$/.test(key) ? Number(key) : -1;
    return index >= 0 && index < length ? index : undefined;
  };
  const read = (index: number) =>
    deepFreeze(realm.parse(bytes.toString("utf8", offsets[index], offsets[index + 1])));
  const refuse = (): never => {
    throw realm.error("SharedArray is immutable", "TypeError");
  };
  return new Proxy(realm.array(), {
    get(target, key, receiver) {
      if (key === "length") return length;
      const index = at(key);
      return index === undefined ? (Reflect.get(target, key, receiver) as unknown) : read(index);
    },
    has: (target, key) => at(key) !== undefined || Reflect.has(target, key),
    ownKeys: () => [...Array.from({ length }, (_, index) => String(index)), "length"],
    getOwnPropertyDescriptor(target, key) {
      const index = at(key);
      if (index === undefined) return Reflect.getOwnPropertyDescriptor(target, key);
      return { value: read(index), enumerable: true, configurable: true, writable: false };
    },
    set: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
  });
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
