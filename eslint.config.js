import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** Who may import whom. A module that is not listed for an element is refused. */
const importTable = {
  contract: ["contract"],
  infra: ["infra", "topologies", "standin-launcher"],
  // Their tests start the stand-in of Supabase Realtime as a process of its own.
  "standin-launcher": ["standin-launcher", "infra"],
  server: ["server", "contract", "server-build", "standin-launcher"],
  history: ["history"],
  clock: [],
  // The engine follows streams, so it knows the event contract; it never knows a server or a topology.
  load: ["load", "contract", "history", "clock", "platform-port", "standin-launcher"],
  nemesis: ["nemesis", "history", "clock", "platform-port"],
  checker: ["checker", "history"],
  // A report is made from results; it never sees a history.
  report: ["report", "checker"],
  "platform-port": ["infra", "topologies", "history"],
  platform: ["platform", "platform-port", "infra", "topologies", "history", "clock", "server-build"],
  scenario: ["scenario", "infra", "topologies", "history", "load"],
  "server-build": [],
  harness: [
    "harness",
    "contract",
    "infra",
    "topologies",
    "history",
    "clock",
    "load",
    "nemesis",
    "checker",
    "report",
    "platform-port",
    "platform",
    "scenario",
    "server-build",
    "standin-launcher",
  ],
  // The scripts share with the native engine whatever is pure: plans, reconnect rules, the adaptation layer, the judging of outcomes, the
  // summary's shape.
  loadtests: [
    "loadtests",
    "contract",
    "history",
    "scenario",
    "checker",
    "report",
    "load",
    "topologies",
    "standin-launcher",
  ],
  topologies: [],
};

const elements = [
  { type: "contract", pattern: "server/src/contract/*", mode: "full" },
  { type: "server-build", pattern: "server/build.ts", mode: "full" },
  { type: "server", pattern: "server/**/*", mode: "full" },
  { type: "standin-launcher", pattern: "infra/realtime-standin/test-support/*", mode: "full" },
  { type: "topologies", pattern: "infra/topologies.ts", mode: "full" },
  { type: "infra", pattern: "infra/**/*", mode: "full" },
  { type: "clock", pattern: "harness/clock.ts", mode: "full" },
  { type: "platform-port", pattern: "harness/platform/platform.ts", mode: "full" },
  ...["history", "load", "nemesis", "checker", "report", "platform", "scenario"].map((type) => ({
    type,
    pattern: `harness/${type}/**/*`,
    mode: "full",
  })),
  { type: "harness", pattern: "harness/**/*", mode: "full" },
  { type: "loadtests", pattern: "loadtests/**/*", mode: "full" },
];

export default tseslint.config(
  { ignores: ["node_modules/", "dist/", ".sse-lab/", "results/", "coverage/"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", "{harness,loadtests}/*/*.mjs", "harness/*/*/*.mjs"] },
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", { max: 260, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["{infra,harness,server,loadtests}/**/*.ts"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": elements,
      "import/resolver": { node: { extensions: [".ts"] } },
    },
    rules: {
      "boundaries/element-types": [
        "error",
        {
          default: "disallow",
          rules: Object.entries(importTable).map(([from, allow]) => ({ from, allow })),
          message:
            "${file.type} may not import ${dependency.type} (see the import table in eslint.config.js)",
        },
      ],
    },
  },
  {
    files: ["**/*.test.ts"],
    rules: { "max-lines": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    files: ["**/*.{js,mjs}"],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { process: "readonly", URL: "readonly" } },
  },
  prettier,
);
