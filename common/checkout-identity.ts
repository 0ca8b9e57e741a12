/**
 * The identity of this checkout: a random id, made once. It belongs to the folder and not to its
 * path: after a rename it is the same, and a copy or another container's checkout has another one.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { PROJECT_ROOT } from "./paths.ts";

export interface CheckoutIdentity {
  /** 12 hexadecimal digits. */
  id: string;
  /** Absolute path of the checkout when this was recorded. */
  root: string;
}

/**
 * Without statx(2) (old seccomp rules) Node takes the last change for the birth, also below /proc,
 * which has no births.
 */
const tellsBirth = (): boolean =>
  process.platform !== "linux" || statSync("/proc", { bigint: true }).birthtimeNs === 0n;

/** Inode and time of birth: no copy has both. The file of a copied folder is another one's. */
const fileName = (root: string): string => {
  const { ino, birthtimeNs } = statSync(root, { bigint: true });
  return `checkout-${ino}-${tellsBirth() ? birthtimeNs : 0n}`;
};

const readId = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

/** Of two commands at once, one makes it. */
const makeId = (folder: string, file: string): string => {
  const draft = join(folder, `.checkout-${randomUUID()}`);
  const id = randomBytes(6).toString("hex");
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, `${id}\n`, { flag: "wx" });
    linkSync(draft, file);
  } catch (error) {
    // A read-only checkout keeps no records, so that this process is the only one to know the id.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return id;
  } finally {
    rmSync(draft, { force: true });
  }
  return readId(file) ?? id;
};

const known = new Map<string, string>();

/** The id of a checkout: `infra/state/checkout-*`. Made if there is none. */
export const checkoutId = (root: string = PROJECT_ROOT): string => {
  const found = known.get(root);
  if (found !== undefined) return found;
  const folder = join(root, "infra", "state");
  const file = join(folder, fileName(root));
  const id = readId(file) ?? makeId(folder, file);
  known.set(root, id);
  return id;
};

export const thisCheckout = (): CheckoutIdentity => ({ id: checkoutId(), root: PROJECT_ROOT });

/** A path below the checkout, alone or after `=`, as it is if the checkout was renamed since. */
export const movedPath = (path: string, rootThen: string): string => {
  const start = path.startsWith("/") ? 0 : path.indexOf("=") + 1;
  return path.startsWith(`${rootThen}${sep}`, start)
    ? `${path.slice(0, start)}${join(PROJECT_ROOT, path.slice(start + rootThen.length))}`
    : path;
};

/** For people: the checkout of this id, as seen from its copy. */
export const describeCheckout = (id: string): string =>
  `another checkout (${id}), of which this one is a copy`;
