import { script } from './scripts.js';

/*
 * Durable records (durable-records.ts) in Redis. Each is a text of its own, `1 <version> <sealed>`; the names of a
 * collection are a list beside them, since a Cluster cannot be asked for keys by a prefix.
 *
 * They live without an end: nothing but a write or a deletion changes them.
 */
const RECORDS = `
local function version(key)
  local held = get(key)
  if not held then return '0', nil end
  return string.match(held, '^1 (%d+) ') or '0', held
end
local function changed(key)
  local now = clock()
  local last = whole(get(key) or '0', now + DAY_MS) or 0
  redis.call('SET', key, text(math.max(last + 1, now)))
end
`;

/**
 * KEYS: record, names, revision. ARGV: name, version that is replaced, version of the write, sealed value.
 * -> written · other, record
 */
export const RECORD_WRITE = script(
  'record-write',
  `${RECORDS}
local known, held = version(KEYS[1])
if known ~= ARGV[2] then return { 'other', held or '' } end
if known == '0' then redis.call('RPUSH', KEYS[2], ARGV[1]) end
redis.call('SET', KEYS[1], '1 ' .. ARGV[3] .. ' ' .. ARGV[4])
changed(KEYS[3])
return { 'written' }
`,
);

/** KEYS: as of RECORD_WRITE. ARGV: name, version that goes. -> written · other, record */
export const RECORD_DELETE = script(
  'record-delete',
  `${RECORDS}
local known, held = version(KEYS[1])
if known ~= ARGV[2] then return { 'other', held or '' } end
redis.call('DEL', KEYS[1])
local names = redis.call('LRANGE', KEYS[2], 0, -1)
redis.call('DEL', KEYS[2])
for _, name in ipairs(names) do
  if name ~= ARGV[1] then redis.call('RPUSH', KEYS[2], name) end
end
changed(KEYS[3])
return { 'written' }
`,
);

/** KEYS: one. ARGV: none. -> what is there, or nothing */
export const RECORD_READ = script('record-read', `return { get(KEYS[1]) or '' }`);

/** KEYS: names. ARGV: from, to. -> names */
export const RECORD_NAMES = script(
  'record-names',
  `
local names = redis.pcall('LRANGE', KEYS[1], ARGV[1], ARGV[2])
if names.err then return {} end
return names
`,
);

/** KEYS: records of one collection. ARGV: none. -> what is there of each, or '' */
export const RECORDS_READ = script(
  'records-read',
  `
local found = {}
for nth = 1, #KEYS do found[nth] = get(KEYS[nth]) or '' end
return found
`,
);
