import { nowMs } from "../../../common/clock.ts";
import { isLoopback } from "../../../common/loopback.ts";
import { UserError } from "../../../common/user-error.ts";
import type { Health } from "../../../server/src/contract/events.ts";
import { ControlClient } from "../../load/native/transport/control-client.ts";
import { ClockOffset } from "../../load/portable/clock-offset.ts";
import { ENGINE_LIMITS } from "../../load/portable/engine-limits.ts";

/** What to add to a time of this host to get the instances' clock, milliseconds. */
export interface ClockDifference {
  offsetMs: number;
  /** How far the offset may be off. Null: the readings contradict each other. */
  errorMs: number | null;
}

/** Two undisciplined clocks drift apart by a tenth of a millisecond in that time. */
const WINDOW_MS = 5_000;
const BURST = 10;
const EVERY_MS = 250;
const ANSWERED = "answers";

/**
 * Compares this host's clock with the instances', by asking them through the router. Clocks of two
 * hosts drift, so each few seconds have bounds of their own, and the error covers all of them.
 */
export class InstanceClock {
  /** The instances that answered. */
  readonly instances = new Set<string>();
  readonly #url: URL;
  readonly #control: ControlClient;
  readonly #windowMs: number;
  readonly #windows: { fromMs: number; offset: ClockOffset }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string, windowMs = WINDOW_MS) {
    this.#url = new URL(url);
    this.#windowMs = windowMs;
    this.#control = new ControlClient(url, ENGINE_LIMITS, undefined);
  }

  /** @throws UserError if no instance tells its clock */
  async start(): Promise<void> {
    let answer = ANSWERED;
    for (let asked = 0; asked < BURST && answer === ANSWERED; asked++) answer = await this.#ask();
    if (this.#windows.length === 0)
      throw new UserError(
        `GET ${this.#url.origin}/healthz tells no instance's clock, but ${answer}`,
        "name the router of a topology of the lab that is up",
      );
    this.#timer = setInterval(() => void this.#ask(), EVERY_MS);
  }

  /** A few more readings, then no more. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (let asked = 0; asked < BURST; asked++) await this.#ask();
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#control.close();
  }

  /** Processes of one host share a clock. If the readings allow that, nothing is converted. */
  get difference(): ClockDifference {
    const bounds = this.#windows.map(({ offset }) => offset.bounds);
    const known = bounds.filter((one) => one !== null);
    const [first] = this.#windows;
    if (known.length < bounds.length || known.length === 0)
      return { offsetMs: first?.offset.roughMs ?? 0, errorMs: null };
    const least = Math.min(...known.map(({ offsetMs, errorMs }) => offsetMs - errorMs));
    const most = Math.max(...known.map(({ offsetMs, errorMs }) => offsetMs + errorMs));
    return isLoopback(this.#url.hostname) && least <= 0 && most >= 0
      ? { offsetMs: 0, errorMs: 0 }
      : { offsetMs: (least + most) / 2, errorMs: (most - least) / 2 };
  }

  /** @returns what came, in words */
  async #ask(): Promise<string> {
    const askedMs = nowMs();
    const answer = await this.#control.send({ method: "GET", path: "/healthz", headers: {} });
    const answeredMs = nowMs();
    if (answer.status !== 200) return answer.reason ?? `answers ${answer.status}`;
    const { instance, clockMs } = (answer.body ?? {}) as Partial<Health>;
    if (typeof instance !== "string" || typeof clockMs !== "number") return "answers otherwise";
    this.instances.add(instance);
    let window = this.#windows.at(-1);
    if (window === undefined || askedMs > window.fromMs + this.#windowMs) {
      window = { fromMs: askedMs, offset: new ClockOffset() };
      this.#windows.push(window);
    }
    window.offset.add({ askedMs, instanceMs: clockMs, answeredMs });
    return ANSWERED;
  }
}
