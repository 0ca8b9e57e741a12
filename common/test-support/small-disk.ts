import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether this host lets a process have its own mounts. Tests that need it are skipped if not. */
export const CAN_MOUNT = spawnSync("unshare", ["-rm", "true"]).status === 0;

/** A process with a disk of 128 kB, whose file `log` takes its stdout and stderr. */
export interface SmallDisk {
  /** Resolves with the exit code, or the signal's name. */
  exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** Path of a file of the disk, for other processes. */
  path(file: string): string;
  /** Leaves no byte, also not in the last page of the log. */
  fill(): void;
}

/** Runs Node in a mount namespace of its own, with the disk as working folder. */
export function spawnOnSmallDisk(args: readonly string[], env: Record<string, string>): SmallDisk {
  const disk = mkdtempSync(join(tmpdir(), "sse-small-disk-"));
  const script = 'mount -t tmpfs -o size=128k x "$1" && cd "$1" && shift && exec "$@" >>log 2>&1';
  const command = ["sh", "-c", script, "sh", disk, process.execPath, ...args];
  const child: ChildProcess = spawn("unshare", ["-rm", ...command], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: "ignore",
  });
  const path = (file: string): string => `/proc/${child.pid}/root${disk}/${file}`;
  return {
    exited: once(child, "exit").then(([code, signal]: (number | string | null)[]) => {
      rmSync(disk, { recursive: true });
      return code ?? signal ?? "unknown";
    }),
    kill: (signal) => void child.kill(signal),
    path,
    fill() {
      for (const bytes of [4096, 1])
        try {
          for (;;) appendFileSync(path("log"), "x".repeat(bytes));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
    },
  };
}
