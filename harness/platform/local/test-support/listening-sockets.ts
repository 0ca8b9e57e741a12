/** The sockets that processes listen on, from the kernel (proc(5), Linux) and not from settings. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Inodes of the sockets that a process holds open. */
const socketInodes = (pid: number): string[] => {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
    } catch {
      // Closed since the folder was listed.
      return [];
    }
  });
};

const LISTEN = "0A";

/** `0100007F` -> `127.0.0.1`: 8 digits are a 32-bit word in host order, here little-endian. */
const readAddress = (hex: string): string => {
  if (hex.length !== 8) return `ipv6 ${hex}`;
  return (hex.match(/../g) ?? [])
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join(".");
};

/** Local address and port by inode, of all listening TCP sockets of this network namespace. */
const allListening = (): Map<string, { address: string; port: number }> =>
  new Map(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
      readFileSync(table, "utf8")
        .trimEnd()
        .split("\n")
        .slice(1)
        .flatMap((row) => {
          const fields = row.trim().split(/\s+/);
          const [hex = "", port = ""] = fields[1]?.split(":") ?? [];
          const inode = fields[9];
          if (fields[3] !== LISTEN || inode === undefined) return [];
          return [[inode, { address: readAddress(hex), port: Number.parseInt(port, 16) }] as const];
        }),
    ),
  );

/** TCP sockets as `127.0.0.1:18080`, or `ipv6 <32 hex digits>:<port>`. */
export const listeningSockets = (pids: readonly number[]): string[] => {
  const listening = allListening();
  const found = pids.flatMap(socketInodes).flatMap((inode) => listening.get(inode) ?? []);
  return [...new Set(found.map(({ address, port }) => `${address}:${port}`))].sort();
};
