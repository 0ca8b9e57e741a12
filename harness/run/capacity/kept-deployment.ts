import { nowMs } from "../../../common/clock.ts";
import type { Deployment, Platform, UpOptions } from "../../platform/platform.ts";

/** A platform whose deployment stays up from one run to the next. */
export class KeptDeployment {
  readonly platform: Platform;
  readonly #workDir: string;
  #deployment: Deployment | undefined;
  #listeners: UpOptions | undefined;

  /** @param workDir of the deployment; it outlives the runs */
  constructor(platform: Platform, workDir: string) {
    this.#workDir = workDir;
    this.platform = { ...platform, up: (options) => this.#up(platform, options) };
  }

  async down(): Promise<void> {
    await this.#deployment?.down();
  }

  async #up(platform: Platform, options: UpOptions): Promise<Deployment> {
    this.#listeners = options;
    const isFirst = this.#deployment === undefined;
    const deployment = (this.#deployment ??= await platform.up({
      ...options,
      workDir: this.#workDir,
      onInstance: (...seen) => this.#listeners?.onInstance?.(...seen),
      onComponentExit: (...seen) => this.#listeners?.onComponentExit?.(...seen),
      onStep: (step) => this.#listeners?.onStep?.(step),
    }));
    const sinceMs = nowMs();
    if (!isFirst)
      for (const instance of deployment.instances) options.onInstance?.(instance, "ready", sinceMs);
    return {
      ...deployment,
      ledgers: async () => (await deployment.ledgers()).map((file) => ({ ...file, sinceMs })),
      down: () => Promise.resolve(),
    };
  }
}
