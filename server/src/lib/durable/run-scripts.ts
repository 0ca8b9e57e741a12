/** What changes the ownership of pipelines: each is one step of Redis. */
import { OWNERS_KEY, RELEASE_CHANNEL, RELEASED } from "./keys.ts";
import { LuaScript } from "./lua-script.ts";

/** Starts a run unless one is running. Returns what was decided, the fence, and who runs it. */
export const CREATE = new LuaScript(`
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
export const RESTORE = new LuaScript(`
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
export const CLAIM = new LuaScript(`
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
export const RELEASE = new LuaScript(`
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

/** Gives runs away that are still this owner's, without knowing their fencing tokens. */
export const DISOWN = new LuaScript(`
local owned, released = KEYS[1], KEYS[2]
local owner, prefix = ARGV[1], ARGV[2]
local given = 0
for index = 3, #ARGV do
  local sessionId = ARGV[index]
  local run, holder = unpack(redis.call('HMGET', prefix .. sessionId, 'run', 'owner'))
  redis.call('SREM', owned, sessionId)
  if run == 'running' and holder == owner then
    redis.call('HSET', prefix .. sessionId, 'owner', '${RELEASED}')
    redis.call('SADD', released, sessionId)
    given = given + 1
  end
end
if given > 0 then
  redis.call('SADD', '${OWNERS_KEY}', '${RELEASED}')
  redis.call('PUBLISH', '${RELEASE_CHANNEL}', '')
end
return given
`);

/** Stores a gate's answer, once, and tells the owner. */
export const ANSWER = new LuaScript(`
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
