/** The files that a program of this host needs in an image. */
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import type { ImageUser } from "../../images/pinned-images.ts";
import { UserError } from "../../../common/user-error.ts";
import type { TarEntry } from "./tar-archive.ts";

export interface Program {
  /** On this host. */
  file: string;
  /** In the image, without the leading slash. */
  target: string;
  /** Its environment on this host, if it finds its libraries by that. */
  env?: Readonly<Record<string, string>>;
}

const LDD_MS = 20_000;
/** glibc opens these libraries at run time to look names up, so `ldd` does not list them. */
const NAME_LOOKUP = ["libnss_dns.so.2", "libnss_files.so.2"];

/** Names and paths of the shared libraries by `ldd`; empty for a static program. */
const sharedLibraries = async (file: string, env: Program["env"]): Promise<Map<string, string>> => {
  const result = await execa("ldd", [file], {
    env: { ...env, LC_ALL: "C" },
    reject: false,
    all: true,
    timeout: LDD_MS,
  });
  if (/not a dynamic executable|statically linked|Not a valid dynamic program/.test(result.all))
    return new Map();
  const problem = (text: string): UserError =>
    new UserError(
      `${file} cannot be put into an image: ${text}`,
      "install its libraries, or set SSE_LAB_IMAGES=official",
    );
  if (result.failed)
    throw problem(result.all.trim().split("\n").at(-1) || (result.shortMessage ?? "ldd failed"));
  const missing = /^\s*(\S+) => not found/m.exec(result.all);
  if (missing) throw problem(`${missing[1] ?? ""} is not found`);
  const found = new Map<string, string>();
  for (const line of result.all.split("\n")) {
    const place = /(?:^|\s)(\/\S+) \(0x/.exec(line)?.[1];
    if (place !== undefined) found.set(basename(/^\s*(\S+) =>/.exec(line)?.[1] ?? place), place);
  }
  return found;
};

const fileEntry = async (file: string, target: string): Promise<TarEntry> => {
  const real = await realpath(file);
  return { path: target, mode: 0o755, content: { file: real, bytes: (await stat(real)).size } };
};

/**
 * The programs with all their libraries. The loader goes to the path in the programs; the rest goes
 * beside the C library, where the loader looks by default.
 */
export const programFiles = async (programs: readonly Program[]): Promise<TarEntry[]> => {
  const entries: TarEntry[] = [];
  const libraries = new Map<string, string>();
  for (const { file, target, env } of programs) {
    entries.push(await fileEntry(file, target));
    for (const [name, place] of await sharedLibraries(file, env)) libraries.set(name, place);
  }
  const cLibrary = [...libraries].find(([name]) =>
    /^(libc\.so|ld-musl|libc\.musl)/.test(name),
  )?.[1];
  if (cLibrary === undefined) return entries;
  const folder = dirname(cLibrary);
  for (const name of NAME_LOOKUP) {
    const place = join(folder, name);
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    libraries.set(name, place);
    for (const [needed, from] of await sharedLibraries(place, undefined))
      libraries.set(needed, from);
  }
  for (const [name, place] of libraries) {
    const target = name.startsWith("ld-") ? place : join(folder, name);
    entries.push(await fileEntry(place, target.slice(1)));
  }
  return entries;
};

/** The files of every image: the user's name, the order of name lookups, an empty /tmp. */
export const systemFiles = (userName: string, { uid, gid }: ImageUser): TarEntry[] => {
  const text = (path: string, content: string): TarEntry => ({
    path,
    mode: 0o644,
    content: Buffer.from(content),
  });
  return [
    text(
      "etc/passwd",
      `root:x:0:0:root:/:/sbin/nologin\n${userName}:x:${uid}:${gid}::/tmp:/sbin/nologin\n`,
    ),
    text("etc/group", `root:x:0:\n${userName}:x:${gid}:\n`),
    text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    { path: "tmp", mode: 0o1777 },
  ];
};
