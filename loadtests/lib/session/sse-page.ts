import {
  runStepsBlocking,
  type Steps,
} from "../../../harness/load/portable/session/session-steps.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { HttpRequests } from "./http-requests.ts";
import { K6Session } from "./k6-session.ts";
import { K6SseStream } from "./k6-sse-stream.ts";
import type { ArrivedSession } from "./await-arrival.ts";

/**
 * A session whose stream blocks its VU. Its steps block, too: nothing is due while a pipeline waits
 * at a gate, so the stream may wait.
 */
export class SsePage extends K6Session<HttpRequests> {
  constructor(plan: ScriptPlan, arrived: ArrivedSession) {
    super(plan, arrived, new HttpRequests(plan.load, arrived.times, arrived.recorder));
  }

  /** Blocks the VU until nothing more comes of the session, or until the deadline. */
  visit(): void {
    this.follow(this.arrive());
  }

  protected createStream(): K6SseStream {
    const { plan, schedule, limits, requests, log, times } = this;
    return new K6SseStream(
      { plan, schedule, limits, requests, log, seesRetryField: false },
      times,
      this,
    );
  }

  protected begin(steps: Steps<void>): void {
    runStepsBlocking(steps, (step) => this.http.perform(step));
  }

  /** The stream returns by itself. */
  protected onOver(): void {}
}
