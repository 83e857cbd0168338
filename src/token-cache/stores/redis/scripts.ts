import { createHash } from 'node:crypto';

/** A Lua script that Redis runs as one step: nothing else happens in Redis meanwhile. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  /** What EVALSHA calls it by. */
  readonly sha: string;
}

function script(name: string, lua: string): Script {
  const text = `-- wechat-token-hub: ${name}\n${COMMON}${lua}`;
  return { name, lua: text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * - Numbers go out as text: Lua would write 1.7e12 in words of its own.
 * - `grow` gives the next number of an app's counter, for fences and stamps. Never below Redis's own clock in ms, so
 *   that numbers given after Redis lost its memory, or went back to an older one, still follow those given before.
 */
const COMMON = `
local function text(n) return string.format('%.0f', n) end
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local COUNTER_LIFE_MS = '604800000'
local SAME_END_MS = 1000
local function grow(key, now)
  local n = math.max((tonumber(redis.call('GET', key) or '0') or 0) + 1, now)
  redis.call('SET', key, text(n), 'PX', COUNTER_LIFE_MS)
  return n
end
local function parse(record)
  if not record then return nil end
  local stamp, version, fence, issued, confirmed, expires, print =
    string.match(record, '^1 (%d+) (%d+) (%d+) %S+ (%d+) (%d+) (%d+) %d+ (%S+) ')
  if not stamp then return nil end
  return { stamp = tonumber(stamp), version = tonumber(version), fence = tonumber(fence),
    issued = tonumber(issued), confirmed = tonumber(confirmed), expires = tonumber(expires), print = print }
end
`;

/**
 * Asks for the right to refresh an app.
 *
 * KEYS: record, lease, pause, counter. ARGV: owner, lease's life in ms, stamp last seen (0: none), 1 to try in spite
 * of a pause.
 * -> changed, now, record: this replica has not seen what the store holds; no claim
 * -> leased, now, ms left: another's call is under way
 * -> paused, now, ms left: attempts fail, and another replica keeps the pace of trying
 * -> granted, now, fence
 */
export const CLAIM = script(
  'claim',
  `
local now = clock()
local record = redis.call('GET', KEYS[1])
if record then
  local stored = parse(record)
  if stored and text(stored.stamp) ~= ARGV[3] then return { 'changed', text(now), record } end
end
local lease = redis.call('GET', KEYS[2])
if lease and string.match(lease, '^(%S+) ') ~= ARGV[1] then
  return { 'leased', text(now), text(math.max(redis.call('PTTL', KEYS[2]), 1)) }
end
if ARGV[4] ~= '1' then
  local pause = redis.call('GET', KEYS[3])
  if pause and pause ~= ARGV[1] then
    return { 'paused', text(now), text(math.max(redis.call('PTTL', KEYS[3]), 1)) }
  end
end
local fence = grow(KEYS[4], now)
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. text(fence), 'PX', ARGV[2])
return { 'granted', text(now), text(fence) }
`,
);

/**
 * Writes a record, unless the store holds a newer one. With a claim, gives it back in the same step.
 *
 * KEYS: record, lease, pause, counter, tombstone. ARGV: owner, fence (0: got without a claim), 1 for a claim, version, kind,
 * issued, confirmed, expires, life left now, longest life, fingerprint, body, news channel, news.
 *
 * - The same value: written where it brings a later confirmation, a higher version or, of a token, an end that comes
 *   sooner; never under an older fence. Only who has just asked WeChat under a claim moves a token's end to later.
 * - Another value: under a greater fence. Where one of the two was got without a claim (fence 0), the one whose call
 *   was sent later.
 * - The expiry is the earlier of the two that the writer names: absolute, which no delay on the way moves, and as
 *   life left, which no step of Redis's clock since the claim moves.
 *
 * -> saved, now, stamp, fence
 * -> newer, now, record: nothing was written
 * -> raise, now, version: it is newer, but must come with this version at least
 * -> refused, now: its life is over, or the app was removed since the claim
 */
export const SAVE = script(
  'save',
  `
local now = clock()
local fence = tonumber(ARGV[2])
local claimed = ARGV[3] == '1'
local version = tonumber(ARGV[4])
local issued, confirmed = tonumber(ARGV[6]), tonumber(ARGV[7])
local expires = math.min(tonumber(ARGV[8]), now + tonumber(ARGV[9]))
local record = redis.call('GET', KEYS[1])
local stored = parse(record)
local function done(answer)
  if claimed and redis.call('GET', KEYS[2]) == ARGV[1] .. ' ' .. ARGV[2] then redis.call('DEL', KEYS[2]) end
  return answer
end
if stored and stored.print == ARGV[11] then
  if fence > 0 and fence < stored.fence and confirmed <= stored.confirmed then
    return done({ 'newer', text(now), record })
  end
  if version < stored.version then return { 'raise', text(now), text(stored.version) } end
  local final = not claimed and (ARGV[5] == 'token' or ARGV[5] == 'stable_token')
  local sooner = final and expires < stored.expires - SAME_END_MS
  if not claimed and version == stored.version and confirmed <= stored.confirmed and not sooner then
    return { 'newer', text(now), record }
  end
  fence = math.max(fence, stored.fence)
  confirmed = math.max(confirmed, stored.confirmed)
  if final then expires = math.min(expires, stored.expires) end
elseif stored then
  local newer = fence > stored.fence
  if fence == 0 or stored.fence == 0 or fence == stored.fence then newer = issued > stored.issued end
  if not newer then return done({ 'newer', text(now), record }) end
  if version <= stored.version then return { 'raise', text(now), text(stored.version + 1) } end
else
  local removed = tonumber(redis.call('GET', KEYS[5]) or '0')
  if claimed and fence < removed then return done({ 'refused', text(now) }) end
end
if expires <= now then return done({ 'refused', text(now) }) end
local stamp = grow(KEYS[4], now)
redis.call('SET', KEYS[1], table.concat({ '1', text(stamp), text(version), text(fence), ARGV[5], text(issued),
  text(confirmed), text(expires), ARGV[10], ARGV[11], ARGV[12] }, ' '), 'PX', text(expires - now))
if claimed then redis.call('DEL', KEYS[3]) end
redis.call('PUBLISH', ARGV[13], ARGV[14])
return done({ 'saved', text(now), text(stamp), text(fence) })
`,
);

/**
 * Gives a claim back after an attempt that brought nothing.
 *
 * KEYS: lease, pause. ARGV: owner, fence, ms for which others leave the app to this replica (0: none), news channel,
 * news ('': none). -> 1 if the claim was still this replica's
 */
export const RELEASE = script(
  'release',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '0' then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3]) end
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return 1
`,
);

/** KEYS: any of one app. -> now, then what each key holds, or false */
export const LOAD = script(
  'load',
  `
local answer = { text(clock()) }
for i = 1, #KEYS do answer[i + 1] = redis.call('GET', KEYS[i]) end
return answer
`,
);

/**
 * An app was removed: its keys go, and what a claim of before would still write is refused.
 *
 * KEYS: counter, tombstone, then all that is to go. ARGV: tombstone's life in ms.
 */
export const REMOVE = script(
  'remove',
  `
redis.call('SET', KEYS[2], text(grow(KEYS[1], clock())), 'PX', ARGV[1])
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
return 1
`,
);

/** Once in so long, over all replicas. KEYS: one. ARGV: ms. -> ms to wait; 0: go, and the time runs anew */
export const THROTTLE = script(
  'throttle',
  `
if redis.call('SET', KEYS[1], '1', 'PX', ARGV[1], 'NX') then return '0' end
return text(math.max(redis.call('PTTL', KEYS[1]), 1))
`,
);

/**
 * A budget over all replicas: at most so many in a window, and some time apart (core/force-budget.ts has the same
 * rule for one process).
 *
 * KEYS: list of ms. ARGV: how many, window in ms, apart in ms. -> ms to wait (0: used one), how many are left
 */
export const SPEND = script(
  'spend',
  `
local now = clock()
local most, window, apart = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = {}
for _, at in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if tonumber(at) > now - window then used[#used + 1] = tonumber(at) end
end
local wait = 0
if #used > 0 then wait = math.max(wait, used[#used] + apart - now) end
if #used >= most then wait = math.max(wait, used[#used - most + 1] + window - now) end
local left = math.max(most - #used, 0)
if wait > 0 then return { text(wait), text(left) } end
redis.call('RPUSH', KEYS[1], text(now))
redis.call('LTRIM', KEYS[1], -most, -1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { '0', text(left - 1) }
`,
);

/**
 * Whether Redis takes writes, and lets the hub's user do all that the scripts do: a replica, or one whose memory is
 * full, answers a PING all the same, and a user without PUBLISH is refused in the middle of SAVE.
 *
 * KEYS: one, and nothing stays. ARGV: news channel. -> 1
 */
export const PROBE = script(
  'probe',
  `
clock()
redis.call('SET', KEYS[1], '1', 'PX', '1000')
redis.call('GET', KEYS[1])
redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], '1')
redis.call('PEXPIRE', KEYS[1], '1000')
redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('LTRIM', KEYS[1], -1, -1)
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], '')
return 1
`,
);
