#!/usr/bin/env node
// A contract double of k6 for this project's tests; not k6. Started like it: `k6-double.mjs run [flags] script.js`.
import { register } from "tsx/esm/api";
register();
const { main } = await import("./host/main.ts");
process.exitCode = await main(process.argv.slice(2));
