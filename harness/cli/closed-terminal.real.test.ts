/** A terminal window that is closed while a command runs in it: SIGHUP, and EIO on every write. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test, vi } from "vitest";
import { fromRoot, PROJECT_ROOT } from "../../common/paths.ts";
import { processesOf } from "../platform/local/test-support/test-lab.ts";
import { NO_ENGINE } from "./test-support/run-command.ts";

/** Prints the process id, closes the terminal when it is told to, then prints the exit code. */
const TERMINAL = `
import os, pty, sys, threading
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
def drain():
    try:
        while os.read(fd, 4096): pass
    except OSError: pass
threading.Thread(target=drain, daemon=True).start()
sys.stdin.readline()
os.close(fd)
_, status = os.waitpid(pid, 0)
print(os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status), flush=True)`;

const LOADTEST = "loadtest --platform local --topologies phase0 --bounces none --sessions 20 --out";

test("a closed terminal is an interruption: all of the run is removed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-terminal-"));
  try {
    const command = [process.execPath, fromRoot("harness/cli/sse-lab.mjs"), ...LOADTEST.split(" ")];
    const terminal = execa("python3", ["-c", TERMINAL, ...command, join(folder, "out")], {
      cwd: PROJECT_ROOT,
      env: NO_ENGINE,
    });
    let said = "";
    terminal.stdout.on("data", (data: Buffer) => (said += data.toString()));
    await vi.waitFor(() => expect(said).toMatch(/\n/), 30_000);
    const mine = `run-${Number.parseInt(said, 10)}-`;
    const work = join(PROJECT_ROOT, ".sse-lab", "work");
    const workFolder = (): string =>
      readdirSync(work).find((name) => name.startsWith(mine)) ?? "none yet";
    await vi.waitFor(
      () => expect(processesOf(join(work, workFolder())).join()).toContain("traefik"),
      30_000,
    );
    const place = join(work, workFolder());
    terminal.stdin.write("close\n");
    expect((await terminal).stdout.trim().split("\n").at(-1)).toBe("130");
    await vi.waitFor(() => expect(processesOf(place)).toEqual([]), 10_000);
    expect(workFolder()).toBe("none yet");
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
