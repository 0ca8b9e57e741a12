import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** Who may import whom. A module that is not listed for an element is refused. */
const importTable = {
  // The leaf: what every room may use, and what uses no room.
  common: ["common"],
  contract: ["contract"],
  topologies: [],
  infra: ["infra", "topologies", "builds"],
  server: ["server", "contract"],
  // How the server and the stand-in are bundled into one file each.
  builds: [],
  // One-file scripts that call a build.
  bundlers: ["builds"],
  history: ["history"],
  // The engine follows streams, so it knows the event contract; it never knows a server or a topology.
  load: ["load", "contract", "history", "platform-port"],
  // Service files: read, compiled for the engine, and tried with the engine's own parts.
  service: ["service", "load", "history"],
  nemesis: ["nemesis", "bounce-kinds", "history", "platform-port"],
  // The kinds of bounces as data, which the checker and reports share.
  "bounce-kinds": ["bounce-kinds", "topologies", "history"],
  checker: ["checker", "bounce-kinds", "history"],
  // A report is made from results; it never sees a history.
  report: ["report", "bounce-kinds", "checker"],
  "platform-port": ["infra", "topologies", "history"],
  platform: ["platform", "platform-port", "infra", "topologies", "history", "builds"],
  scenario: ["scenario", "bounce-kinds", "infra", "topologies", "history", "load"],
  harness: [
    "harness",
    "contract",
    "infra",
    "topologies",
    "history",
    "load",
    "nemesis",
    "bounce-kinds",
    "checker",
    "report",
    "platform-port",
    "platform",
    "scenario",
    "service",
    "builds",
    "standins",
  ],
  // The scripts share with the native engine what is pure: plans, reconnect rules, the adaptation layer, the judging of
  // outcomes, the summary's shape.
  loadtests: [
    "loadtests",
    "contract",
    "history",
    "scenario",
    "checker",
    "report",
    "load",
    "topologies",
  ],
  standins: ["standins", "infra", "load", "loadtests"],
};

/** Tests start the servers that they need, stand-ins included. */
const testsMayAlsoImport = ["builds", "standins", "standin-launcher"];

const elements = [
  { type: "common", pattern: "common/**/*", mode: "full" },
  { type: "contract", pattern: "server/src/contract/*", mode: "full" },
  { type: "builds", pattern: "{server,standins/realtime/server}/build.ts", mode: "full" },
  { type: "bundlers", pattern: "{server,standins/realtime/server}/bundle.ts", mode: "full" },
  { type: "server", pattern: "server/**/*", mode: "full" },
  { type: "standin-launcher", pattern: "standins/realtime/server/test-support/*", mode: "full" },
  { type: "standins", pattern: "standins/**/*", mode: "full" },
  { type: "topologies", pattern: "infra/topologies.ts", mode: "full" },
  { type: "infra", pattern: "infra/**/*", mode: "full" },
  { type: "platform-port", pattern: "harness/platform/platform.ts", mode: "full" },
  {
    type: "bounce-kinds",
    pattern: "harness/nemesis/{kinds,bounce-settings}{,.test}.ts",
    mode: "full",
  },
  ...["history", "load", "nemesis", "checker", "report", "platform", "scenario", "service"].map(
    (type) => ({
      type,
      pattern: `harness/${type}/**/*`,
      mode: "full",
    }),
  ),
  { type: "harness", pattern: "harness/**/*", mode: "full" },
  { type: "loadtests", pattern: "loadtests/**/*", mode: "full" },
];

const isTest = ["**/*.test.ts", "**/test-support/**/*.ts", "harness/test-setup/*.ts"];
const boundaryRule = (rules) => [
  "error",
  {
    default: "disallow",
    rules,
    message:
      "${file.type} may not import ${dependency.type} (see the import table in eslint.config.js)",
  },
];
const tableRules = Object.entries(importTable).map(([from, allow]) => ({
  from,
  allow: ["common", ...allow],
}));

export default tseslint.config(
  { ignores: ["node_modules/", "dist/", ".sse-lab/", "results/", "coverage/"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ["*.js", "{common,harness,standins,docs}/*/*.mjs"],
          // Launchers that must run before anything is built or installed.
          maximumDefaultProjectFileMatchCount_THIS_WILL_SLOW_DOWN_LINTING: 12,
        },
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
      "max-lines": ["error", { max: 280, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["{common,infra,harness,server,standins,loadtests}/**/*.ts"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": elements,
      "import/resolver": { node: { extensions: [".ts"] } },
    },
    rules: { "boundaries/element-types": boundaryRule(tableRules) },
  },
  {
    files: isTest,
    rules: {
      "boundaries/element-types": boundaryRule([
        ...tableRules,
        { from: "*", allow: testsMayAlsoImport },
        { from: "standin-launcher", allow: ["common", "infra", "standins"] },
      ]),
    },
  },
  {
    // What runs in k6 and in browsers too: no module of Node and no package.
    files: ["**/portable/**/*.ts", "harness/checker/{judge,records}/**/*.ts"],
    ignores: isTest,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\.)",
              message:
                "Code that k6 and browsers run too imports no module of Node and no package.",
            },
          ],
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
  {
    // After prettier's configuration, which turns this rule off.
    files: ["{common,harness,infra,loadtests,server,standins}/**/*.{ts,mjs}"],
    rules: {
      "max-len": [
        "error",
        {
          code: 100,
          ignoreUrls: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          // Prettier breaks neither the name of a test nor that of a module.
          ignorePattern: String.raw`^import |^\} from |^\s*(it|test|describe)\W`,
        },
      ],
    },
  },
);
