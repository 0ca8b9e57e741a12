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
import { LuaScript } from "./lua-script.ts";

/** Pipelines that one call takes over, so that the other instances get their share. */
const CLAIMED_PER_CALL = 16;

/** Starts a run unless one is running. Returns what was decided, the fence, and who runs it. */
const CREATE = new LuaScript(`
local state, owned = KEYS[1], KEYS[2]
local sessionId, epoch, plan, owner, instance, total, at, clock, stateMs = unpack(ARGV)
local run, held, by, events = unpack(redis.call('HMGET', state, 'run', 'epoch', 'instance', 'total'))
if run == 'running' or (run and held == epoch) then return {run, held, by, events} end
local fence = redis.call('HINCRBY', state, 'fence', 1)
redis.call('HSET', state, 'run', 'running', 'epoch', epoch, 'plan', plan, 'owner', owner, 'instance', instance,
  'total', total, 'gate', '', 'at', at, 'clock', clock)
redis.call('HSETNX', state, 's:' .. epoch, 0)
redis.call('PEXPIRE', state, stateMs)
redis.call('SADD', owned, sessionId)
return {'taken', tostring(fence)}
`);

/** Stores again who owns a run, after Redis has lost it. */
const RESTORE = new LuaScript(`
local state, owned = KEYS[1], KEYS[2]
local sessionId, fence, epoch, plan, owner, instance, total, clock = unpack(ARGV)
if redis.call('HGET', state, 'fence') ~= fence then return 0 end
if redis.call('HGET', state, 'run') == 'ended' then return 0 end
redis.call('HSET', state, 'run', 'running', 'epoch', epoch, 'plan', plan, 'owner', owner, 'instance', instance,
  'total', total, 'clock', clock)
redis.call('SADD', owned, sessionId)
return 1
`);

/** Takes runs of an owner whose lease is over. The new fencing token shuts the old owner out. */
const CLAIM = new LuaScript(`
local lease, from, to = KEYS[1], KEYS[2], KEYS[3]
local dead, owner, instance, clock, limit, prefix = unpack(ARGV)
if redis.call('EXISTS', lease) == 1 then return {0, {}} end
local claimed = {}
local looked = redis.call('SPOP', from, limit)
for _, sessionId in ipairs(looked) do
  local state = prefix .. sessionId
  local run, holder = unpack(redis.call('HMGET', state, 'run', 'owner'))
  if run == 'running' and holder == dead then
    local fence = redis.call('HINCRBY', state, 'fence', 1)
    local epoch, plan, gate, at, before = unpack(redis.call('HMGET', state, 'epoch', 'plan', 'gate', 'at', 'clock'))
    local seq = redis.call('HGET', state, 's:' .. epoch)
    local answered = redis.call('HEXISTS', state, 'g:' .. epoch .. ':' .. gate)
    redis.call('HSET', state, 'owner', owner, 'instance', instance, 'clock', clock)
    redis.call('SADD', to, sessionId)
    claimed[#claimed + 1] = {sessionId, tostring(fence), epoch, plan, seq or '0', gate, at,
      before == clock and 1 or 0, answered}
  end
end
if redis.call('SCARD', from) == 0 then redis.call('SREM', '${OWNERS_KEY}', dead) end
return {#looked, claimed}
`);

/** Gives a run away at once, if it is still this owner's. */
const RELEASE = new LuaScript(`
local state, owned, released = KEYS[1], KEYS[2], KEYS[3]
local sessionId, fence = unpack(ARGV)
redis.call('SREM', owned, sessionId)
if redis.call('HGET', state, 'fence') ~= fence then return 0 end
if redis.call('HGET', state, 'run') ~= 'running' then return 0 end
redis.call('HSET', state, 'owner', '${RELEASED}')
redis.call('SADD', released, sessionId)
redis.call('SADD', '${OWNERS_KEY}', '${RELEASED}')
redis.call('PUBLISH', '${RELEASE_CHANNEL}', sessionId)
return 1
`);

/** Stores a gate's answer, once, and tells the owner. */
const ANSWER = new LuaScript(`
local state = KEYS[1]
local gate, answer, channel = unpack(ARGV)
local run, epoch, waiting = unpack(redis.call('HMGET', state, 'run', 'epoch', 'gate'))
if run ~= 'running' then return 'not-running' end
local field = 'g:' .. epoch .. ':' .. gate
if redis.call('HEXISTS', state, field) == 1 then return 'already-answered' end
if waiting ~= gate then return 'not-waiting' end
redis.call('HSET', state, field, answer)
redis.call('PUBLISH', channel, gate)
return 'taken'
`);

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
      await this.#claim();
    } catch {
      // The connection's state is logged where it is watched.
    }
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
