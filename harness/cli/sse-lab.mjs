#!/usr/bin/env node
// The command's entry: checks Node before any newer syntax is loaded, then runs the TypeScript through tsx.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`sse-lab: Node.js ${process.versions.node} is too old: install 20.19 or newer\n`);
  process.exit(2);
}
const { register } = await import("tsx/esm/api");
register();
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));
