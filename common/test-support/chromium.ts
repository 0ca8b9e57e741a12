import { existsSync } from "node:fs";

const PLACES = [
  process.env.CHROMIUM_BIN,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/**
 * The host's Chromium, or undefined without one: a user's machine need not have it. The gate
 * installs Debian's.
 */
export const chromiumPath = PLACES.find((path) => path !== undefined && existsSync(path));
