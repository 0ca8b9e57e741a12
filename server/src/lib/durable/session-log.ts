import type { Redis } from "ioredis";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { isEpoch, readLogPosition } from "../../../../common/portable/event-id.ts";
import { sessionChannel, TERMINAL_EVENT_TYPES } from "../../contract/events.ts";
import type { PipelineSSEEvent, ReplayGap } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { eventJson } from "../streams/sse-frame.ts";
import { logKey, stateKey } from "./keys.ts";
import { LuaScript } from "./lua-script.ts";

/** A position in a session's log: message `n`, and the id that a client has at that position. */
export interface LogPoint {
  n: number;
  id: string;
}

/** What one message of the log says: an event, a declared gap, or only a position. */
export interface LogMessage extends LogPoint {
  event?: PipelineSSEEvent;
  gap?: MissingEvents;
}

/** Events of one epoch that never reached the log, both ends included. */
export type MissingEvents = NonNullable<ReplayGap["missing"]>;

/**
 * `fenced`: nothing is appended, because the run has another owner; `forgotten`: appended, but
 * Redis has lost who owns the run.
 */
export type AppendOutcome = "appended" | "fenced" | "forgotten";

/** Where a stream starts, and what its client missed if its `Last-Event-ID` is not in the log. */
export interface OpenedLog {
  from: LogPoint;
  gap?: Exclude<ReplayGap["reason"], "not-kept">;
}

export interface SessionLogOptions {
  redis: Redis;
  /** A client that missed at most this many messages gets all of them. */
  windowEvents: number;
  /** The log expires this long after its last event, seconds. */
  keepS: number;
  /** The numbers outlive the log, so that an idle stream is not told of a gap, seconds. */
  sessionTtlS: number;
}

/**
 * Appends events and publishes them in one step, so that every subscriber sees the order of the
 * log, and message n + 1 follows message n. An event that is there already is skipped. A jump in a
 * run's numbers becomes a separate message, which declares what is missing.
 *
 * The first number is the time in microseconds: after a loss of all data, numbers only grow.
 */
const APPEND = new LuaScript(`
local log, state = KEYS[1], KEYS[2]
local channel, window, keepMs, stateMs, fence, lost = unpack(ARGV, 1, 6)
local held = fence
if fence ~= '' then
  held = redis.call('HGET', state, 'fence')
  if held and held ~= fence then return 'fenced' end
  if not held then redis.call('HSET', state, 'fence', fence) end
end
local n = tonumber(redis.call('HGET', state, 'n'))
if not n then
  local now = redis.call('TIME')
  n = now[1] * 1000000 + now[2]
end
local function add(id, field, value, message)
  n = n + 1
  local number = string.format('%.0f', n)
  redis.call('XADD', log, 'MAXLEN', window, number .. '-0', 'i', id, field, value)
  redis.call('PUBLISH', channel, '{"n":' .. number .. ',"' .. message .. '":' .. value .. '}')
end
local function declare(epoch, from, to)
  add(epoch .. '-' .. to, 'g', '{"epoch":"' .. epoch .. '","from":' .. from .. ',"to":' .. to .. '}', 'gap')
end
if lost ~= '' then
  local missing = cjson.decode(lost)
  declare(missing.epoch, string.format('%.0f', missing.from), string.format('%.0f', missing.to))
end
for at = 7, #ARGV, 7 do
  local epoch, seq, inRun, json, gate, intended, ends = unpack(ARGV, at, at + 6)
  local last = tonumber(redis.call('HGET', state, 's:' .. epoch)) or 0
  local number = tonumber(seq)
  if number > last then
    if inRun == '1' and number > last + 1 then
      declare(epoch, string.format('%.0f', last + 1), string.format('%.0f', number - 1))
    end
    add(epoch .. '-' .. seq, 'e', json, 'event')
    redis.call('HSET', state, 's:' .. epoch, seq)
    if inRun == '1' then redis.call('HSET', state, 'gate', gate, 'at', intended) end
    if ends == '1' then redis.call('HSET', state, 'run', 'ended') end
  end
end
redis.call('HSET', state, 'n', string.format('%.0f', n))
redis.call('PEXPIRE', log, keepMs)
redis.call('PEXPIRE', state, stateMs)
return held and 'appended' or 'forgotten'
`);

/**
 * Finds the message with the id, newest first. Without an id, the newest message; an empty log gets
 * one that is only a position. Returns the outcome, the number and the id.
 */
const OPEN = new LuaScript(`
local log, state = KEYS[1], KEYS[2]
local id, origin, epoch, seq, keepMs, stateMs = unpack(ARGV)
local function field(entry, name)
  for at = 1, #entry[2], 2 do
    if entry[2][at] == name then return entry[2][at + 1] end
  end
end
local function number(entry) return string.match(entry[1], '%d+') end
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
if not tail then
  local n = redis.call('HGET', state, 'n')
  if not n then
    local now = redis.call('TIME')
    n = string.format('%.0f', now[1] * 1000000 + now[2])
  end
  n = string.format('%.0f', tonumber(n) + 1)
  redis.call('XADD', log, n .. '-0', 'i', origin)
  redis.call('HSET', state, 'n', n)
  redis.call('PEXPIRE', log, keepMs)
  redis.call('PEXPIRE', state, stateMs)
  if id == '' then return {'found', n, origin} end
  return {redis.call('HEXISTS', state, 's:' .. epoch) == 1 and 'window-exceeded' or 'log-lost', n, origin}
end
if id == '' then return {'found', number(tail), field(tail, 'i')} end
local upTo = '+'
while true do
  local entries = redis.call('XREVRANGE', log, upTo, '-', 'COUNT', 200)
  for _, entry in ipairs(entries) do
    if field(entry, 'i') == id then return {'found', number(entry), id} end
  end
  if #entries < 200 then break end
  upTo = '(' .. entries[#entries][1]
end
local last = tonumber(redis.call('HGET', state, 's:' .. epoch))
if last and tonumber(seq) > last then return {'log-lost', number(tail), field(tail, 'i')} end
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
local before = string.format('%.0f', tonumber(number(first)) - 1)
return {(last or seq == '0') and 'window-exceeded' or 'epoch-changed', before, id}
`);

/** Bytes and messages of one answer are bounded, as Redis serves other sessions meanwhile. */
const MESSAGES_PER_READ = 200;

/**
 * The log of every session, shared by all instances: the events in the order in which every
 * subscriber sees them.
 */
export class SessionLog {
  readonly #options: SessionLogOptions;
  readonly #expiries: readonly [number, number];

  constructor(options: SessionLogOptions) {
    this.#options = options;
    this.#expiries = [options.keepS * 1000, Math.max(options.sessionTtlS, options.keepS) * 1000];
  }

  /**
   * Appends the events in order and publishes them on the session's channel.
   *
   * @param fence the run's fencing token; "" for events outside of a run
   * @param lost events outside of a run that were dropped before these
   * @throws if Redis is away or refuses: none or all of the events are in the log
   */
  async append(
    sessionId: string,
    events: readonly PipelineSSEEvent[],
    fence: string,
    lost?: MissingEvents,
  ): Promise<AppendOutcome> {
    const { redis, windowEvents } = this.#options;
    const fields = events.flatMap((event) => [
      event.epoch,
      event.seq,
      event.total > 0 ? 1 : 0,
      eventJson(event),
      event.type === "pipeline_gate" ? String(event.payload["gate"]) : "",
      event.intendedMs,
      TERMINAL_EVENT_TYPES.has(event.type) ? 1 : 0,
    ]);
    // One more than the window: the message of the client's own position is among them.
    const args = [windowEvents + 1, ...this.#expiries, fence, lost ? JSON.stringify(lost) : ""];
    const outcome = await APPEND.run(
      redis,
      [logKey(sessionId), stateKey(sessionId)],
      [sessionChannel(sessionId), ...args, ...fields],
    );
    return outcome as AppendOutcome;
  }

  /**
   * Finds the position of a client.
   *
   * @param originId the position of an empty log
   * @throws if Redis is away
   */
  async open(
    sessionId: string,
    lastEventId: string | undefined,
    originId: string,
  ): Promise<OpenedLog> {
    const { epoch = "", seq = 0 } = readLogPosition(lastEventId) ?? {};
    const answer = await OPEN.run(
      this.#options.redis,
      [logKey(sessionId), stateKey(sessionId)],
      [lastEventId ?? "", originId, epoch, seq, ...this.#expiries],
    );
    const [outcome, n, id] = answer as ["found" | NonNullable<OpenedLog["gap"]>, string, string];
    const from = { n: Number(n), id };
    return outcome === "found" ? { from } : { from, gap: outcome };
  }

  /**
   * The messages from that position on, the position's own first if the log still has it. An empty
   * answer means that the log is behind the position.
   *
   * @throws if Redis is away
   */
  async readFrom(sessionId: string, n: number): Promise<LogMessage[]> {
    const entries = await this.#options.redis.xrange(
      logKey(sessionId),
      `${n}-0`,
      "+",
      "COUNT",
      MESSAGES_PER_READ,
    );
    return entries.map(([entry, fields]) => toMessage(Number(entry.split("-")[0]), fields));
  }

  /** The newest position. Undefined if the log is empty. @throws if Redis is away */
  async tail(sessionId: string): Promise<LogPoint | undefined> {
    const [entry] = await this.#options.redis.xrevrange(logKey(sessionId), "+", "-", "COUNT", 1);
    return entry && toMessage(Number(entry[0].split("-")[0]), entry[1]);
  }
}

function toMessage(n: number, fields: readonly string[]): LogMessage {
  const message: LogMessage = { n, id: "" };
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const value = fields[at + 1] ?? "";
    const parsed = fields[at] === "i" ? undefined : parseJson(value);
    if (fields[at] === "i") message.id = readLogPosition(value) === undefined ? "" : value;
    else addTo(message, fields[at] === "e" ? { event: parsed } : { gap: parsed }, value);
  }
  return message;
}

/** Reads a message of the session's channel. Undefined if it is another text. */
export function parseChannelMessage(text: string): LogMessage | undefined {
  const parsed = parseJson(text) as
    { n?: unknown; event?: unknown; gap?: unknown } | null | undefined;
  if (!Number.isSafeInteger(parsed?.n)) return undefined;
  const message: LogMessage = { n: parsed?.n as number, id: "" };
  addTo(message, parsed ?? {}, text);
  return message.id === "" ? undefined : message;
}

/** Anyone with access to Redis can write there: what is no event and no gap is left out. */
function addTo(
  message: LogMessage,
  { event, gap }: { event?: unknown; gap?: unknown },
  text: string,
): void {
  const parsed = event === undefined ? undefined : parseEvent(event, text);
  if (parsed !== undefined) {
    message.event = parsed;
    message.id = `${parsed.epoch}-${parsed.seq}`;
  }
  if (isMissing(gap)) {
    message.gap = gap;
    message.id = `${gap.epoch}-${gap.to}`;
  }
}

const isNumber = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function isMissing(value: unknown): value is MissingEvents {
  if (typeof value !== "object" || value === null) return false;
  const { epoch, from, to } = value as Partial<Record<keyof MissingEvents, unknown>>;
  return isEpoch(epoch) && isNumber(from) && isNumber(to) && from <= to;
}
