#!/usr/bin/env node
// A contract double of k6 for this project's tests; not k6. It is started like k6:
// `k6-double.mjs run [flags] script.js`.
import { loadProgram } from "../../common/bundle/load-program.mjs";

const { main } = await loadProgram("k6-double");
process.exitCode = await main(process.argv.slice(2));
