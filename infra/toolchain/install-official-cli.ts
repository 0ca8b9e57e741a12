/**
 * Child process of `official-install.ts`: `install-official-cli.ts FOLDER VERSION`. A process of
 * its own can be ended.
 */
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import semver from "semver";

const [root, version] = process.argv.slice(2);
if (root === undefined || version === undefined) throw new Error("needs a folder and a version");
try {
  await PulumiCommand.install({ root, version: new semver.SemVer(version) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
