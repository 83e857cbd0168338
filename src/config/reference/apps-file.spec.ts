import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { appsFileKeys, appsFileSchema } from './apps-file.js';
import { HASH_1, HASH_2, load, problemsOf, SECRET, withApp, withClient } from '../apps-file/spec-support.js';
import type { Rule } from '../apps-file/rule.js';
import * as rules from '../apps-file/rules.js';

/**
 * The schema is made of the rules; here ajv, which knows nothing of them, reads the same files as the hub. `strict`
 * also refuses a schema that says less than it seems to.
 */
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
const accepts = ajv.compile(appsFileSchema());
const S = `secret: ${SECRET}`;

const GOOD: Readonly<Record<string, string>> = {
  'the least that there can be': 'version: 1\napps: []',
  'one app': withApp('- appid: wx1', `  ${S}`),
  'every key of an app': withApp(
    '- appid: wx0123456789abcdef',
    '  name: 商城小程序 😀',
    `  ${S}`,
    '  tokenApi: token',
    '  tickets: [jsapi, wx_card]',
    '  refreshAheadSeconds: 7200',
    '  reconcileSeconds: 5',
  ),
  'every key of an agent of WeCom': withApp(
    '- appid: corp-sales',
    `  ${S}`,
    '  kind: wecom',
    '  corpid: ww0123456789abcdef',
    '  agentId: 1000002',
    '  baseUrl: https://wecom.corp.example:8443/path',
    '  tickets: [jsapi, agent_config]',
  ),
  defaults: `version: 1\ndefaults: { tokenApi: token, tickets: [], refreshAheadSeconds: 1, reconcileSeconds: 3600 }\napps: []`,
  'no clients': 'version: 1\napps: []\nclients: []',
  'a client by key': withClient(
    `- { id: a, keys: [{ id: "1", sha256: ${HASH_1.toUpperCase()}, expiresAt: 2027-11-30T00:00:00Z }], apps: "*" }`,
  ),
  'a client by address': withClient(
    '- { id: a, allowIps: [10.0.0.0/8, "2001:db8::/32", "::1"], apps: [wx1] }',
  ),
  'a client by address, with an empty list of keys': withClient(
    '- { id: a, keys: [], allowIps: [10.0.0.1], apps: [] }',
  ),
  'every key of a client': withClient(
    '- id: order-service_2.b',
    '  keys:',
    `    - { id: "2026-05", sha256: ${HASH_1}, expiresAt: "2026-12-31T23:59:59.999+08:00" }`,
    `    - { id: "2026-11", sha256: ${HASH_2} }`,
    '  allowIps: ["::ffff:10.0.0.1"]',
    '  apps: [wx1, wx22]',
    '  may: [read, report, gateway, admin]',
    '  requestsPerMinute: 10000000',
    '  gatewayPaths: ["/wxa/*", /cgi-bin/message/template/send, "/*"]',
  ),
};

const BAD: Readonly<Record<string, string>> = {
  'an empty file': '',
  'a list': '- version: 1',
  'no version': 'apps: []',
  'no apps': 'version: 1',
  'another version': 'version: 2\napps: []',
  'the version as a text': 'version: "1"\napps: []',
  'an unknown key': 'version: 1\napps: []\nclient: []',
  'a key without a value': 'version: 1\napps:',
  'apps as a mapping': 'version: 1\napps: { wx1: {} }',
  'defaults as a list': 'version: 1\ndefaults: []\napps: []',
  'a default of what belongs to an app': `version: 1\ndefaults: { ${S} }\napps: []`,
  'an app without an appid': withApp(`- ${S}`),
  'an app that is a text': withApp('- wx1'),
  'an app that is nothing': withApp('-'),
  'an app without a secret': withApp('- appid: wx1'),
  'two secrets': withApp('- appid: wx1', `  ${S}`, '  secretEnv: SHOP'),
  'an appid that is too short': withApp('- appid: w', `  ${S}`),
  'an appid with a blank': withApp('- appid: "wx 1"', `  ${S}`),
  'an appid that is a number': withApp('- appid: 12', `  ${S}`),
  'a name of two lines': withApp('- appid: wx1', `  ${S}`, '  name: "a\\nb"'),
  'an empty name': withApp('- appid: wx1', `  ${S}`, '  name: ""'),
  'a name that is too long': withApp('- appid: wx1', `  ${S}`, `  name: ${'n'.repeat(201)}`),
  'a secret with white space': withApp('- appid: wx1', '  secret: "a b"'),
  'a variable of the hub': withApp('- appid: wx1', '  secretEnv: HUB_SECRET'),
  'no name of a variable': withApp('- appid: wx1', '  secretEnv: 1SHOP'),
  'another kind': withApp('- appid: wx1', `  ${S}`, '  kind: wework'),
  'a host without a scheme': withApp(
    '- appid: wx1',
    `  ${S}`,
    '  kind: wecom',
    '  corpid: ww1',
    '  baseUrl: host',
  ),
  'another token API': withApp('- appid: wx1', `  ${S}`, '  tokenApi: stable'),
  'a number with quotes': withApp('- appid: wx1', `  ${S}`, '  reconcileSeconds: "300"'),
  'a number below its range': withApp('- appid: wx1', `  ${S}`, '  reconcileSeconds: 4'),
  'a number above its range': withApp('- appid: wx1', `  ${S}`, '  refreshAheadSeconds: 7201'),
  'a number that is not whole': withApp('- appid: wx1', `  ${S}`, '  reconcileSeconds: 5.5'),
  'a ticket twice': withApp('- appid: wx1', `  ${S}`, '  tickets: [jsapi, jsapi]'),
  'another ticket': withApp('- appid: wx1', `  ${S}`, '  tickets: [card]'),
  'a client without an id': withClient('- { allowIps: [10.0.0.1], apps: "*" }'),
  'a client without apps': withClient('- { id: a, allowIps: [10.0.0.1] }'),
  'a client that nobody can tell': withClient('- { id: a, apps: "*" }'),
  'a client with an empty list of keys and no address': withClient('- { id: a, keys: [], apps: "*" }'),
  'an empty list of addresses': withClient('- { id: a, allowIps: [], apps: "*" }'),
  'a host name': withClient('- { id: a, allowIps: [db.example.com], apps: "*" }'),
  'an address with leading zeros': withClient('- { id: a, allowIps: [010.0.0.1], apps: "*" }'),
  'an octet above 255': withClient('- { id: a, allowIps: [10.0.0.256], apps: "*" }'),
  'a prefix that is too long': withClient('- { id: a, allowIps: [10.0.0.0/33], apps: "*" }'),
  'an IPv6 prefix that is too long': withClient('- { id: a, allowIps: ["2001:db8::/129"], apps: "*" }'),
  'apps as a text': withClient('- { id: a, allowIps: [10.0.0.1], apps: wx1 }'),
  'a star in a list': withClient('- { id: a, allowIps: [10.0.0.1], apps: ["*"] }'),
  'an act that there is not': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", may: [write] }'),
  'no act': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", may: [] }'),
  'no requests': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", requestsPerMinute: 0 }'),
  'a path without a slash': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", gatewayPaths: [wxa] }'),
  'a path with dots': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", gatewayPaths: [/wxa/../x] }'),
  'a star in the middle': withClient('- { id: a, allowIps: [10.0.0.1], apps: "*", gatewayPaths: ["/*/x"] }'),
  'a hash that is too short': withClient(
    `- { id: a, keys: [{ id: k, sha256: ${HASH_1.slice(1)} }], apps: "*" }`,
  ),
  'a key in the place of its hash': withClient(
    `- { id: a, keys: [{ id: k, sha256: wxh_${'a'.repeat(46)} }], apps: "*" }`,
  ),
  'the hash of nothing': withClient(
    '- { id: a, keys: [{ id: k, sha256: E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 }], apps: "*" }',
  ),
  'a date without a zone': withClient(
    `- { id: a, keys: [{ id: k, sha256: ${HASH_1}, expiresAt: "2027-11-30T00:00:00" }], apps: "*" }`,
  ),
  'the thirteenth month': withClient(
    `- { id: a, keys: [{ id: k, sha256: ${HASH_1}, expiresAt: "2027-13-01T00:00:00Z" }], apps: "*" }`,
  ),
};

/** As the schema's doc comment and its `$comment`s list them. */
const BEYOND_A_SCHEMA: Readonly<Record<string, string>> = {
  'a variable that is not set': withApp('- appid: wx1', '  secretEnv: NOT_SET_ANYWHERE'),
  'a file that there is not': withApp('- appid: wx1', '  secretFile: missing'),
  'an appid twice': withApp('- appid: wx1', `  ${S}`, '- appid: wx1', `  ${S}x`),
  'a client twice': withClient(
    '- { id: a, allowIps: [10.0.0.1], apps: "*" }',
    '- { id: a, allowIps: [10.0.0.2], apps: "*" }',
  ),
  'an alias': withApp('- appid: wx1', `  secret: &s ${SECRET}`, '- appid: wx2', '  secret: *s'),
  'a grant of an app that the file does not have': withClient(
    '- { id: a, allowIps: [10.0.0.1], apps: [wx2] }',
  ),
  'a day that the month does not have': withClient(
    `- { id: a, keys: [{ id: k, sha256: ${HASH_1}, expiresAt: "2027-02-30T00:00:00Z" }], apps: "*" }`,
  ),
  'an IPv6 address with two gaps': withClient('- { id: a, allowIps: ["1::2::3"], apps: "*" }'),
};

describe('what the hub reads, ajv accepts', () => {
  it.each(Object.entries(GOOD))('%s', (_name, text) => {
    expect([problemsOf(text), load(text).ok]).toEqual([[], true]);
    expect([accepts(parse(text)), accepts.errors]).toEqual([true, null]);
  });
});

describe('what the hub refuses, ajv refuses', () => {
  it.each(Object.entries(BAD))('%s', (_name, text) => {
    expect([problemsOf(text).length > 0, accepts(parse(text))]).toEqual([true, false]);
  });
});

describe('what the hub alone can refuse', () => {
  it.each(Object.entries(BEYOND_A_SCHEMA))('%s', (_name, text) => {
    expect([problemsOf(text).length > 0, accepts(parse(text))]).toEqual([true, true]);
  });
});

/** Characters on both sides of every rule's boundaries. */
const CHARACTER = fc.constantFrom(
  ...['a', 'f', 'A', 'F', 'g', 'x', '0', '1', '9', '-', '_', '.', '/', '/', '*', ':', '?', '#', '\\', '@'],
  ...[
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
    '\u0085',
    '\u00a0',
    '\u200b',
    '\u2028',
    '\u3000',
    '\ufeff',
    'é',
    '中',
    '😀',
  ],
);
const HEX = fc.constantFrom(...'0123456789abcdefABCDEF');
const SEGMENT = fc.constantFrom('wxa', 'a', '.', '..', '...', '.a', '', '*', 'a*', '*a', '?', ' ');
const PATH = fc
  .tuple(fc.constantFrom('/', '/', '/', ''), fc.array(SEGMENT, { minLength: 1, maxLength: 3 }))
  .map(([slash, segments]) => slash + segments.join('/'));
const OCTET = fc.oneof(
  { weight: 8, arbitrary: fc.nat(255) },
  { weight: 3, arbitrary: fc.constantFrom(0, 9, 10, 99, 100, 199, 200, 249, 250, 255, 256, '00', '01', '') },
);
const ADDRESS = fc
  .tuple(
    fc.array(OCTET, { minLength: 3, maxLength: 5 }),
    fc.constantFrom('', '', '/0', '/8', '/32', '/33', '/08', '/', ' '),
  )
  .map(
    ([octets, prefix]) =>
      octets.slice(0, 4 + Number(octets.length === 5 && octets[4] === 0)).join('.') + prefix,
  );
const DATE = fc
  .tuple(fc.nat(300), fc.nat(13), fc.nat(32), fc.constantFrom('Z', 'Z', '+08:00', '+24:00', ''))
  .map(([year, month, day, zone]) => `${String(1900 + year)}-${pad(month)}-${pad(day)}T09:30${zone}`);
const TEXT = fc.oneof(
  fc.string({ unit: CHARACTER, maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('S', 'a', '_', '1', 'HUB_', 'HUB'), maxLength: 3 }),
  fc.string({ unit: HEX, minLength: 63, maxLength: 65 }),
  fc.string({ unit: fc.constantFrom('n', '😀', '-'), minLength: 199, maxLength: 201 }),
  fc.string({ unit: fc.constantFrom('n', '_', '-'), minLength: 63, maxLength: 65 }),
  fc.mixedCase(fc.constant('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')),
  fc.constantFrom('jsapi', 'wx_card', '*', '', '::1', '2001:db8::/32', '::/129', 'db.example.com'),
  fc.constantFrom(
    'https://example.com/x',
    'HTTPS://a',
    'http://127.0.0.1/x',
    'http://10.0.0.1',
    'https://a b',
    'ftp://x',
  ),
  PATH,
  ADDRESS,
  DATE,
);
const SCALAR = fc.oneof(
  { weight: 8, arbitrary: TEXT },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.integer({ min: -2, max: 7300 }), fc.double(), fc.boolean(), fc.constant(null)),
  },
);
const LIST = fc.oneof(
  ...[PATH, ADDRESS, fc.constantFrom('jsapi', 'wx_card', 'card')].map((item) =>
    fc.array(item, { maxLength: 3 }),
  ),
  fc.array(SCALAR, { maxLength: 2 }),
);
const VALUE = fc.oneof(SCALAR, LIST, fc.constantFrom({}, [], 1));

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

describe('each rule and its schema judge alike', () => {
  const RULES = Object.entries(rules).flatMap(([name, rule]): [string, Rule][] =>
    'schema' in rule ? [[name, rule]] : [],
  );

  it.each(RULES)('%s', (_name, rule) => {
    const fits: ValidateFunction = ajv.compile(rule.schema);
    const isWider = JSON.stringify(rule.schema).includes('$comment');
    const isList = rule.schema.type === 'array';
    let good = 0;
    fc.assert(
      fc.property(
        isList ? fc.oneof({ weight: 9, arbitrary: LIST }, { weight: 1, arbitrary: VALUE }) : VALUE,
        (value) => {
          // A key without a value, and an item without one, are refused before its rule is asked.
          const byHub = value !== null && rule(value).length === 0;
          if (byHub) good += 1;
          return isWider ? !byHub || fits(value) : byHub === fits(value);
        },
      ),
      { numRuns: 5000 },
    );
    // With nothing that is right the property would hold for nothing.
    expect(good).toBeGreaterThan(20);
  });
});

it('every key of the file is in the list for the reference, with its default', () => {
  const byPath = new Map(appsFileKeys().map((key) => [key.path, key]));
  expect(byPath.get('apps[].appid')).toMatchObject({ required: true, default: undefined });
  expect(byPath.get('defaults.reconcileSeconds')).toMatchObject({ required: false, default: 300 });
  expect(byPath.get('apps[].reconcileSeconds')).toMatchObject({ default: undefined });
  expect(byPath.get('clients[].keys[].sha256')).toMatchObject({ required: true });
  expect(byPath.get('clients[].may')?.default).toEqual(['read', 'report']);
});
