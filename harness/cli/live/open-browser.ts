import { spawn } from "node:child_process";
import which from "which";

/** Programs that open an address in the user's browser, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: "open",
  linux: "xdg-open",
};

/** Does nothing without a terminal, a display or such a program. Never fails. */
export async function openBrowser(
  url: string,
  { isTTY }: { isTTY?: boolean } = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const opener = OPENERS[process.platform];
  const display = process.platform !== "linux" || env["DISPLAY"] || env["WAYLAND_DISPLAY"];
  if (!isTTY || opener === undefined || !display) return false;
  const program = await which(opener, { nothrow: true });
  if (program === null) return false;
  const child = spawn(program, [url], { stdio: "ignore", detached: true });
  child.once("error", () => undefined);
  child.unref();
  return true;
}
