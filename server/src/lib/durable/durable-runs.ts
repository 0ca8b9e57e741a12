import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import type { InstanceLink } from "../instance-link.ts";
import type { GateResponse, PipelinePlan } from "../../contract/events.ts";
import type { GateResult } from "../../pipeline/gate-relay.ts";
import type { ResumePoint } from "../../pipeline/pipeline-run.ts";
import type { AdoptedRun, CreateOutcome } from "../../pipeline/pipeline-runner.ts";
import { leaseKey, ownedKey, OWNERS_KEY, RELEASE_CHANNEL, RELEASED, stateKey } from "./keys.ts";
import { ANSWER, CLAIM, CREATE, DISOWN, RELEASE, RESTORE } from "./run-scripts.ts";

/** Pipelines that one call takes over, so that the other instances get their share. */
const CLAIMED_PER_CALL = 16;

export interface DurableRunsOptions {
  redis: Redis;
  link: InstanceLink;
  logger: Logger;
  /** Unique name of this process. */
  origin: string;
  instance: string;
  /** Identifies the clock that `intendedMs` is on: the host's boot id. */
  clockId: string;
  /** Without a renewal for this long, other instances take the runs over. */
  leaseMs: number;
  sessionTtlS: number;
  /** True if the session's run goes on in this process. */
  isRunning: (sessionId: string) => boolean;
  onClaimed: (run: AdoptedRun & ResumePoint) => void;
}

const Claimed = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.coerce.number(),
  z.string(),
  z.coerce.number(),
  z.number(),
  z.number(),
]);

/** The number of sessions that were looked at, and the runs among them. */
const Claims = z.tuple([z.number(), z.array(Claimed)]);

/**
 * Who runs which pipeline. Each process renews one lease. If it ends, or the process gives its runs
 * away, other instances take them over with a higher fencing token.
 */
export class DurableRuns {
  readonly #options: DurableRunsOptions;
  #timer: NodeJS.Timeout | undefined;
  /** After an outage every lease is over, so the owners get time to renew theirs. */
  #claimFromMs = 0;
  #busy = false;
  #again = false;
  #leaving = false;
  /** Sessions that Redis says are this owner's but do not run here, and since when (ms). */
  #strays = new Map<string, number>();

  constructor(options: DurableRunsOptions) {
    this.#options = options;
  }

  /** Renews the lease and takes over runs from now on. */
  start(): void {
    const { link, leaseMs } = this.#options;
    link.subscribe(RELEASE_CHANNEL, () => void this.#claim());
    this.#timer = setInterval(() => void this.#beat(), leaseMs / 4);
    void this.#beat();
  }

  /** @throws if Redis is away */
  async create(sessionId: string, epoch: string, plan: PipelinePlan, atMs: number) {
    const { redis, origin, instance, clockId, sessionTtlS } = this.#options;
    const answer = await CREATE.run(
      redis,
      [stateKey(sessionId), ownedKey(origin)],
      [
        ...[sessionId, epoch, JSON.stringify(plan), origin, instance, plan.events],
        ...[atMs, clockId, sessionTtlS * 1000],
      ],
    );
    return toCreateOutcome(answer as string[]);
  }

  /** Stores the ownership again. A failure is told by the next append. */
  async restore({ sessionId, fence, epoch, plan }: AdoptedRun): Promise<void> {
    const { redis, origin, instance, clockId, logger } = this.#options;
    await RESTORE.run(
      redis,
      [stateKey(sessionId), ownedKey(origin)],
      [sessionId, fence, epoch, JSON.stringify(plan), origin, instance, plan.events, clockId],
    ).catch((error: unknown) =>
      logger.warn({ reason: String(error), sessionId }, "cannot store who owns a pipeline"),
    );
  }

  /** Gives the run to another instance. If Redis is away, the end of the lease does so. */
  async release(sessionId: string, fence: string): Promise<void> {
    const { redis, origin, logger } = this.#options;
    const keys = [stateKey(sessionId), ownedKey(origin), ownedKey(RELEASED)];
    await RELEASE.run(redis, keys, [sessionId, fence]).catch((error: unknown) =>
      logger.warn(
        { reason: String(error), sessionId },
        "cannot hand a pipeline over, its lease will end",
      ),
    );
  }

  /** Forgets a run that has ended. */
  ended(sessionId: string): void {
    const { redis, origin } = this.#options;
    // A session that stays in the set is looked at and skipped when the lease is over.
    redis.srem(ownedKey(origin), sessionId).catch(() => {});
  }

  /** @throws if Redis is away */
  async answer(
    sessionId: string,
    { gate, answer }: GateResponse,
    channel: string,
  ): Promise<GateResult> {
    const { redis } = this.#options;
    return (await ANSWER.run(redis, [stateKey(sessionId)], [gate, answer, channel])) as GateResult;
  }

  /** True if the gate of the session's run has an answer. False if Redis is away. */
  async isAnswered(sessionId: string, gate: string): Promise<boolean> {
    const { redis } = this.#options;
    const state = stateKey(sessionId);
    try {
      const epoch = await redis.hget(state, "epoch");
      return (await redis.hexists(state, `g:${epoch ?? ""}:${gate}`)) === 1;
    } catch {
      return false;
    }
  }

  /** Call it when Redis is back. */
  resume(): void {
    this.#claimFromMs = performance.now() + this.#options.leaseMs;
    void this.#beat();
  }

  /** Takes over nothing any more. */
  leave(): void {
    this.#leaving = true;
  }

  /** Ends the lease. */
  async close(): Promise<void> {
    this.leave();
    clearInterval(this.#timer);
    const { redis, origin, link } = this.#options;
    link.unsubscribe(RELEASE_CHANNEL);
    await redis.del(leaseKey(origin)).catch(() => {});
  }

  async #beat(): Promise<void> {
    const { redis, origin, leaseMs } = this.#options;
    try {
      await redis.set(leaseKey(origin), "1", "PX", leaseMs);
      await redis.sadd(OWNERS_KEY, origin);
      await this.#giveStraysAway();
      await this.#claim();
    } catch {
      // The connection's state is logged where it is watched.
    }
  }

  /**
   * Gives away what this owner has and does not run. A Redis that was paused or cut off carries out
   * claims whose callers have given up. Runs that have just begun or ended look alike, so each has
   * the time of a lease.
   */
  async #giveStraysAway(): Promise<void> {
    const { redis, origin, leaseMs, isRunning, logger } = this.#options;
    const owned = await redis.smembers(ownedKey(origin));
    const nowMs = performance.now();
    const found = owned.filter((sessionId) => !isRunning(sessionId));
    this.#strays = new Map(found.map((id) => [id, this.#strays.get(id) ?? nowMs]));
    const strays = [...this.#strays].flatMap(([id, sinceMs]) =>
      nowMs - sinceMs >= leaseMs ? [id] : [],
    );
    if (strays.length === 0 || this.#leaving) return;
    const keys = [ownedKey(origin), ownedKey(RELEASED)];
    const given = await DISOWN.run(redis, keys, [origin, stateKey(""), ...strays]);
    if (Number(given) > 0)
      logger.info({ pipelines: given }, "gave away pipelines that do not run here");
  }

  /** A call during a call makes it look again: a release may have come in between. */
  async #claim(): Promise<void> {
    if (this.#leaving || performance.now() < this.#claimFromMs) return;
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    do {
      this.#again = false;
      await this.#claimAll();
    } while (this.#mustLookAgain());
    this.#busy = false;
  }

  #mustLookAgain(): boolean {
    return this.#again && !this.#leaving;
  }

  async #claimAll(): Promise<void> {
    const { redis, logger, origin } = this.#options;
    try {
      for (const owner of await redis.smembers(OWNERS_KEY))
        while (owner !== origin && (await this.#claimFrom(owner)) > 0);
    } catch (error) {
      logger.warn({ reason: String(error) }, "cannot look for pipelines without an owner");
    }
  }

  async #claimFrom(owner: string): Promise<number> {
    const { redis, logger, origin, instance, clockId, onClaimed } = this.#options;
    const answer = await CLAIM.run(
      redis,
      [leaseKey(owner), ownedKey(owner), ownedKey(origin)],
      [owner, origin, instance, clockId, CLAIMED_PER_CALL, stateKey("")],
    );
    const [looked, claimed] = Claims.parse(answer);
    if (this.#leaving) {
      // Its drain began meanwhile, and what it takes now it would end with the drain.
      await Promise.all(claimed.map(([sessionId, fence]) => this.release(sessionId, fence)));
      return 0;
    }
    for (const [sessionId, fence, epoch, plan, lastSeq, gate, atMs, sameClock, answered] of claimed)
      onClaimed({
        sessionId,
        fence,
        epoch,
        plan: parseJson(plan) as PipelinePlan,
        lastSeq,
        waitingAt: gate !== "" && answered === 0 ? gate : undefined,
        // An answered gate has moved the schedule.
        lastIntendedMs: sameClock === 1 && gate === "" ? atMs : undefined,
      });
    if (claimed.length > 0)
      logger.info({ owner, pipelines: claimed.length }, "took pipelines over");
    return looked;
  }
}

function toCreateOutcome([outcome, ...rest]: readonly string[]): CreateOutcome {
  const [epoch = "", instance = "", total = "0"] = rest;
  if (outcome === "taken") return { taken: false, fence: epoch };
  const by = { epoch, instance, total: Number(total) };
  return { taken: true, running: outcome === "running", by };
}
