// Run before an install, which removes node_modules: refuses while a command of this checkout runs.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleRoot, isRunningUser, usersOf } from "./bundle-manifest.mjs";

const folder = bundleRoot(join(dirname(fileURLToPath(import.meta.url)), "../.."));
let bundles = [];
try {
  bundles = readdirSync(folder);
} catch {
  // No command was ever run here.
}
const running = bundles
  .flatMap((bundle) => usersOf(join(folder, bundle)))
  .filter((user) => isRunningUser(user))
  .map((user) => Number.parseInt(user, 10));
if (running.length > 0) {
  process.stderr.write(
    "packages have changed, and a command of this checkout still runs from the old ones " +
      `(process ${running.join(", ")}): wait for it or end it, then run make again\n`,
  );
  process.exitCode = 2;
}
