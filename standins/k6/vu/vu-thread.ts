import { writeLog } from "../log-line.ts";
import type {
  CommandResult,
  InitResult,
  ScenarioState,
  Tags,
  VuCommand,
  VuData,
} from "../protocol.ts";
import { VU_JAR } from "../modules/cookie-jar-handle.ts";
import { EventLoop } from "./event-loop.ts";
import { HostLink } from "./host-link.ts";
import { loadScript } from "./load-script.ts";
import { createRealm } from "./realm.ts";
import { addGlobals } from "./script-globals.ts";
import { NO_OPTIONS, toTags, type VuContext, type VuPhase } from "./vu-context.ts";

type ScriptFunction = (argument?: unknown) => unknown;
type Command<Name> = Extract<VuCommand, { command: Name }>;

/** One VU: runs the commands of the main thread in the realm of its script. */
export class VuThread implements VuContext {
  readonly realm = createRealm();
  readonly loop = new EventLoop();
  readonly link: HostLink;
  readonly data: VuData;
  readonly log: VuData["log"];
  readonly userTags: Record<string, unknown>;
  phase: VuPhase = "init";
  options = NO_OPTIONS;
  scenario: ScenarioState | undefined;
  testStartedAt = 0;
  iteration = 0;
  #exports: Record<string, unknown> = {};

  constructor(data: VuData) {
    this.data = data;
    this.log = data.log;
    this.link = new HostLink(data.port, data.signal);
    this.userTags = this.realm.object();
  }

  tags(more: object = {}): Tags {
    return {
      ...this.options.tags,
      ...(this.scenario === undefined
        ? {}
        : { scenario: this.scenario.name, ...this.scenario.tags }),
      group: "",
      ...toTags(this.userTags),
      ...toTags(more),
    };
  }

  /** Never throws: the result contains the exception of the script. */
  async execute(command: Exclude<VuCommand, { command: "settle" }>): Promise<CommandResult> {
    try {
      if (command.command === "init") return await this.#init();
      if (command.command === "summary") return await this.#summary(command);
      this.options = command.options;
      this.testStartedAt = command.testStartedAt;
      if (command.command === "iterate") return await this.#iterate(command);
      this.phase = command.command;
      const argument = command.command === "teardown" ? this.#parse(command.setupData) : undefined;
      return this.#asResult(await this.#call(command.command, argument));
    } catch (error) {
      return { error: errorText(error) };
    }
  }

  async #init(): Promise<CommandResult> {
    addGlobals(this);
    await this.loop.runToEnd(async () => {
      const release = this.loop.hold(() => undefined);
      this.#exports = await loadScript(this).finally(release);
    });
    const result: InitResult = {
      exports: Object.keys(this.#exports).filter(
        (name) => typeof this.#exports[name] === "function",
      ),
      options: (this.#exports["options"] ?? {}) as Record<string, unknown>,
    };
    return this.#asResult(result);
  }

  async #iterate({ scenario, setupData }: Command<"iterate">): Promise<CommandResult> {
    this.scenario = scenario;
    this.phase = "iteration";
    Object.assign(this.realm.global["__ENV"] as object, scenario.env);
    const deadline = scenario.startTime + scenario.maxDurationMs;
    for (
      this.iteration = 0;
      this.iteration < scenario.iterations && Date.now() < deadline;
      this.iteration++
    ) {
      if (!this.options.noCookiesReset) this.link.call("jar", { jar: VU_JAR, action: "reset" });
      const startedAt = performance.now();
      try {
        await this.#call(scenario.exec, this.#parse(setupData));
      } catch (error) {
        writeLog(this.log, "error", errorText(error), {
          executor: scenario.executor,
          scenario: scenario.name,
          source: "stacktrace",
        });
      }
      this.link.tell({
        note: "iteration",
        durationMs: performance.now() - startedAt,
        tags: this.tags(),
      });
    }
    return {};
  }

  /** @returns JSON of the outputs as `[name, content]`; none if the script returns nothing */
  async #summary({ data }: Command<"summary">): Promise<CommandResult> {
    this.phase = "summary";
    const outputs = (await this.#call("handleSummary", this.#parse(data))) as
      Record<string, unknown> | undefined;
    for (const [name, content] of Object.entries(outputs ?? {})) {
      if (typeof content !== "string") {
        throw this.realm.error(
          `handleSummary() returned something other than a string for '${name}'`,
        );
      }
    }
    return outputs ? this.#asResult(Object.entries(outputs)) : {};
  }

  #call(name: string, argument: unknown): Promise<unknown> {
    return this.loop.runToEnd(() => (this.#exports[name] as ScriptFunction)(argument));
  }

  #parse(json: string | undefined): unknown {
    return json === undefined ? undefined : this.realm.parse(json);
  }

  #asResult(value: unknown): CommandResult {
    const json = this.realm.stringify(value);
    return json === undefined ? {} : { json };
  }
}

function errorText(error: unknown): string {
  const stack =
    typeof error === "object" && error !== null && "stack" in error ? error.stack : undefined;
  if (typeof stack !== "string") return String(error);
  // Without the frames of the double.
  return stack
    .split("\n")
    .filter((line) => !/^ +at .*(node:|evalmachine|\[worker eval\])/.test(line))
    .join("\n");
}
