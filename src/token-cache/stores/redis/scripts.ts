import { createHash } from 'node:crypto';

/** A Lua script that Redis runs as one step: nothing else happens in Redis meanwhile. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  /** What EVALSHA calls it by. */
  readonly sha: string;
}

/** Every script begins with the same helpers. */
export function script(name: string, lua: string): Script {
  const text = `-- wechat-token-hub: ${name}\n${COMMON}${lua}`;
  return { name, lua: text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * - Numbers go out as text: Lua would write 1.7e12 in words of its own.
 * - What a key holds is believed within bounds: a number as a whole one within its own range, a time to live as one
 *   that a hub can have set. Anything else counts as absent, and is written over.
 * - `grow` gives the next number of an app's counter, for fences and stamps. Never below Redis's own clock in ms, so
 *   that numbers given after Redis lost its memory, or went back to an older one, still follow those given before.
 */
const COMMON = `
local TOKENS = { token = true, stable_token = true, gettoken = true, component_token = true, authorizer_token = true }
local TICKETS = { jsapi = true, wx_card = true, agent_config = true }
local DAY_MS = 86400000
local MONTH_MS = 2592000000.0
local function text(n) return string.format('%.0f', n) end
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local COUNTER_LIFE_MS = '604800000'
local SAME_END_MS = 1000
local function get(key)
  local held = redis.pcall('GET', key)
  if type(held) == 'string' then return held end
  return nil
end
local function whole(digits, most)
  local n = tonumber(digits)
  if n and n >= 0 and n <= most and n == math.floor(n) then return n end
  return nil
end
local function left(key, most)
  local ms = redis.call('PTTL', key)
  if ms > 0 and ms <= most then return ms end
  return nil
end
local function grow(key, now, above)
  local n = math.max((whole(get(key) or '0', now + DAY_MS) or 0) + 1, now, (above or 0) + 1)
  redis.call('SET', key, text(n), 'PX', COUNTER_LIFE_MS)
  return n
end
local function parse(record, now)
  if not record then return nil end
  local stamp, version, fence, kind, issued, confirmed, expires, life, print =
    string.match(record, '^2 (%d+) (%d+) (%d+) (%S+) (%d+) (%d+) (%d+) (%d+) ([%w_-]+) ')
  if not stamp or not (TOKENS[kind] or TICKETS[kind]) then return nil end
  local stored = { stamp = whole(stamp, now + DAY_MS), version = whole(version, 9007199253692416),
    fence = whole(fence, now + DAY_MS), issued = whole(issued, now + DAY_MS),
    confirmed = whole(confirmed, now + DAY_MS), expires = whole(expires, now + MONTH_MS) }
  if not (whole(life, MONTH_MS) and stored.stamp and stored.version and stored.fence and stored.issued and stored.confirmed
    and stored.expires) then return nil end
  stored.print = print
  return stored
end
`;

/**
 * Asks for the right to refresh a credential.
 *
 * KEYS: record, lease, pause, counter. ARGV: owner, lease's life in ms, stamp last seen (0: none), what a pause is
 * worth (0: all of it, 1: for 5 s, 2: nothing), credentials, a pause's and a lease's longest life in ms.
 * -> changed, now, record: this replica has not seen what the store holds; no lease
 * -> leased, now, ms left: another's call is under way
 * -> paused, now, ms left: attempts with these credentials fail, and another replica keeps the pace of trying
 * -> granted, now, fence
 */
export const LEASE = script(
  'lease',
  `
local now = clock()
local record = get(KEYS[1])
local stored = parse(record, now)
if stored and text(stored.stamp) ~= ARGV[3] then return { 'changed', text(now), record } end
local lease = get(KEYS[2])
if lease and string.match(lease, '^(%S+) ') ~= ARGV[1] then
  local ms = left(KEYS[2], tonumber(ARGV[7]))
  if ms then return { 'leased', text(now), text(ms) } end
end
local owner, credentials, set = string.match(get(KEYS[3]) or '', '^(%S+) (%S+) (%d+)$')
if owner and owner ~= ARGV[1] and credentials == ARGV[5] and ARGV[4] ~= '2' then
  local ms = left(KEYS[3], tonumber(ARGV[6]))
  if ms and ARGV[4] == '1' then ms = math.min(ms, (whole(set, now) or 0) + 5000 - now) end
  if ms and ms > 0 then return { 'paused', text(now), text(ms) } end
end
local fence = grow(KEYS[4], now, stored and stored.fence)
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. text(fence), 'PX', ARGV[2])
return { 'granted', text(now), text(fence) }
`,
);

/**
 * Writes a record, unless the store holds a newer one. With a lease, gives it back in the same step.
 *
 * KEYS: record, lease, pause, counter, tombstone. ARGV: owner, fence (0: got without a lease), 1 for a lease, version, kind,
 * issued, confirmed, expires, life left now, longest life, fingerprint, body, news channel, news.
 *
 * - The same value: written where it brings a later confirmation, a higher version or, of a token, an end that comes
 *   sooner; never under an older fence. Only a writer that has just asked WeChat under a lease moves a token's end to later.
 * - Another value: under a greater fence. Where one of the two was got without a lease (fence 0), the one whose call
 *   was sent later.
 * - The expiry is the earlier of the two that the writer names: absolute, which no delay on the way moves, and as
 *   life left, which no step of Redis's clock since the lease moves.
 *
 * -> saved, now, stamp, fence
 * -> newer, now, record: nothing was written
 * -> raise, now, version: it is newer, but must come with this version at least
 * -> refused, now: its life is over, or the app was removed since the lease
 */
export const SAVE = script(
  'save',
  `
local now = clock()
local fence = tonumber(ARGV[2])
local leased = ARGV[3] == '1'
local version = tonumber(ARGV[4])
local issued, confirmed = tonumber(ARGV[6]), tonumber(ARGV[7])
local expires = math.min(tonumber(ARGV[8]), now + tonumber(ARGV[9]))
local record = get(KEYS[1])
local stored = parse(record, now)
local function done(answer)
  if leased and get(KEYS[2]) == ARGV[1] .. ' ' .. ARGV[2] then redis.call('DEL', KEYS[2]) end
  return answer
end
if stored and stored.print == ARGV[11] then
  if fence > 0 and fence < stored.fence and confirmed <= stored.confirmed then
    return done({ 'newer', text(now), record })
  end
  if version < stored.version then return { 'raise', text(now), text(stored.version) } end
  local final = not leased and TOKENS[ARGV[5]]
  local sooner = final and expires < stored.expires - SAME_END_MS
  if not leased and version == stored.version and confirmed <= stored.confirmed and not sooner then
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
  local removed = left(KEYS[5], 600000) and whole(get(KEYS[5]) or '0', now + DAY_MS) or 0
  if leased and fence < removed then return done({ 'refused', text(now) }) end
end
if expires <= now then return done({ 'refused', text(now) }) end
local stamp = grow(KEYS[4], now, stored and stored.stamp)
redis.call('SET', KEYS[1], table.concat({ '2', text(stamp), text(version), text(fence), ARGV[5], text(issued),
  text(confirmed), text(expires), ARGV[10], ARGV[11], ARGV[12] }, ' '), 'PX', text(expires - now))
if leased then redis.call('DEL', KEYS[3]) end
redis.call('PUBLISH', ARGV[13], ARGV[14])
return done({ 'saved', text(now), text(stamp), text(fence) })
`,
);

/**
 * Gives a lease back after an attempt that brought nothing.
 *
 * KEYS: lease, pause. ARGV: owner, fence, ms for which others leave the credential to this replica (0: none), channel,
 * message ('': none), credentials, ms since the call was sent. -> 1 if the lease was still this replica's
 */
export const RELEASE = script(
  'release',
  `
if get(KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '0' then
  redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[6] .. ' ' .. text(clock() - tonumber(ARGV[7])), 'PX', ARGV[3])
end
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return 1
`,
);

/** KEYS: any of one app. -> now, then what each key holds, or false */
export const LOAD = script(
  'load',
  `
local answer = { text(clock()) }
for i = 1, #KEYS do answer[i + 1] = get(KEYS[i]) or false end
return answer
`,
);

/**
 * An app was removed: its keys go, and what a lease of before would still write is refused.
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
local ms = left(KEYS[1], tonumber(ARGV[1]))
if ms then return text(ms) end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return '0'
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
local listed = redis.pcall('LRANGE', KEYS[1], 0, -1)
if listed.err then
  redis.call('DEL', KEYS[1])
  listed = {}
end
for _, at in ipairs(listed) do
  local ms = whole(at, now)
  if ms and ms > now - window then used[#used + 1] = ms end
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
