#!/usr/bin/env node
// The entry of the command: checks Node before any newer syntax is loaded, then runs the bundle.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `sse-lab: Node.js ${process.versions.node} is too old: install 20.19 or newer\n`,
  );
  process.exit(2);
}
// What is made here can be changed by no other user, and by this user, whatever the umask was.
process.umask((process.umask() | 0o022) & 0o077);
// A closed terminal (EIO) or reader (EPIPE) must not end a command in its clean-up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const { loadProgram } = await import("../../common/bundle/load-program.mjs");
try {
  const { main } = await loadProgram("sse-lab");
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`sse-lab: ${error.message}\n`);
  process.exitCode = 2;
}
