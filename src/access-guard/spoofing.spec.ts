/**
 * Header sets by the hundred thousand against an independent reference.
 *
 * The reference shares nothing with the code: addresses are told by `node:net` and become 128-bit BigInts, ranges are
 * compared by shifting, the header is split as a whole, and who may do what is a filter over all entries. Every case
 * goes through the pure rules and through AccessService with its memory. And whatever stands left of the caller's
 * entry is replaced by what an attacker might write: no verdict may change by it.
 */
import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

import { Clock } from '../clock/clock.js';
import type { AppsConfig, HubSnapshot } from '../config/reload/apps-config.service.js';
import type { HubEnvironment } from '../config/environment/environment.js';
import { parseAddressSet, type AddressSet } from '../core/access/address.js';
import { ACTS, type Act, type ClientEntry } from '../core/access/client.js';
import { authorise, compileAccess, identify, type AccessIndex } from '../core/access/decision.js';
import { callerAddress } from '../core/access/forwarded.js';
import { composeKey } from '../core/access/key.js';
import type { AppSettings } from '../core/app.js';
import { credentialOf } from './access-request.js';
import { AccessService, type AccessRequest } from './access.service.js';

const WORLDS = 2_000;
const REQUESTS_PER_WORLD = 120;
const WALL_NOW = 1_763_900_000_000;

// --- Chance, repeatable -----------------------------------------------------------------------------------------

// Globals are looked up slowly inside jest's contexts: a third of the time of this suite.
const { imul, floor } = Math;
const toBigInt = BigInt;

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(20_261_123);
const below = (limit: number) => floor(random() * limit);
const oneIn = (count: number) => below(count) === 0;
const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

// --- The reference ----------------------------------------------------------------------------------------------

const MAPPED = 0xffffn << 32n;

/** 128 bits; IPv4 as its mapped form, which is the same address. */
function bitsOf(text: string): bigint | undefined {
  if (isIPv4(text)) return MAPPED | text.split('.').reduce((sum, octet) => sum * 256n + toBigInt(octet), 0n);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const hex = text.replace(/\d+\.\d+\.\d+\.\d+$/, (v4) =>
    v4
      .split('.')
      .map((octet) => Number(octet).toString(16).padStart(2, '0'))
      .join('')
      .replace(/^..../, '$&:'),
  );
  const [left = '', right] = hex.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return toBigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
}

const isV4 = (bits: bigint) => bits >> 32n === 0xffffn;

interface ReferenceRange {
  readonly base: bigint;
  /** Bits behind the prefix. */
  readonly rest: bigint;
}

const parsedRanges = new Map<string, ReferenceRange>();

function referenceRange(range: string): ReferenceRange {
  const [base = '', length] = range.split('/');
  const prefix = Number(length ?? (isIPv4(base) ? 32 : 128)) + (isIPv4(base) ? 96 : 0);
  return { base: bitsOf(base)!, rest: toBigInt(128 - prefix) };
}

function inRanges(ranges: readonly string[], bits: bigint | undefined): boolean {
  if (bits === undefined) return false;
  return ranges.some((range) => {
    const known = parsedRanges.get(range) ?? referenceRange(range);
    parsedRanges.set(range, known);
    return isV4(bits) === isV4(known.base) && bits >> known.rest === known.base >> known.rest;
  });
}

function bitsOfElement(element: string): bigint | undefined {
  const bracketed = /^\[(?<host>.*:.*)\](?::(?<port>\d{1,5}))?$/s.exec(element)?.groups;
  const dotted = /^(?<host>\d+\.\d+\.\d+\.\d+):(?<port>\d{1,5})$/.exec(element)?.groups;
  const { host = element, port = '0' } = bracketed ?? dotted ?? {};
  return Number(port) < 65_536 ? bitsOf(host) : undefined;
}

function referenceCaller(
  socketAddress: string,
  header: string | undefined,
  trusted: readonly string[],
): bigint | undefined {
  const socket = bitsOf(socketAddress.replace(/%.*$/, ''));
  if (!inRanges(trusted, socket)) return socket;
  const elements = (header ?? '').split(',').map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''));
  const chain = elements.filter((element) => element !== '').map(bitsOfElement);
  const end = chain.findLastIndex((bits) => !inRanges(trusted, bits));
  return chain.length === 0 ? socket : chain[Math.max(end, 0)];
}

interface PlainClient {
  id: string;
  keys: { id: string; key: string; expiresAt: number | undefined }[];
  allowIps: string[] | undefined;
  apps: string[] | '*';
  may: Act[];
}

interface World {
  trusted: string[];
  clients: PlainClient[];
  apps: string[];
}

/** `ok <client> <key>`, or the reason. */
function referenceVerdict(world: World, request: AccessRequest, act: Act, appid: string | undefined): string {
  const caller = referenceCaller(request.socketAddress, request.xForwardedFor, world.trusted);
  const fits = ({ allowIps }: PlainClient) => allowIps === undefined || inRanges(allowIps, caller);
  const permits = ({ may, apps }: PlainClient) =>
    may.includes(act) &&
    // There are no platforms here, and `platform` is an act for them alone.
    (appid === undefined ||
      (act !== 'platform' && world.apps.includes(appid) && (apps === '*' || apps.includes(appid))));
  const presented = request.key ?? request.authorization?.match(/^bearer +(\S+)$/i)?.[1];
  if (request.key !== undefined || request.authorization !== undefined) {
    const owner = world.clients.find(({ keys }) => keys.some(({ key }) => key === presented));
    const key = owner?.keys.find((one) => one.key === presented);
    if (!owner || !key || (key.expiresAt ?? Infinity) <= WALL_NOW) return 'unauthenticated';
    if (!fits(owner)) return 'ip_not_allowed';
    return permits(owner) ? `ok ${owner.id} ${key.id}` : 'not_granted';
  }
  const known = world.clients.filter((client) => client.keys.length === 0 && fits(client));
  if (known.length === 0) {
    const onlyAddresses = world.clients.length > 0 && world.clients.every(({ keys }) => keys.length === 0);
    return onlyAddresses ? 'ip_not_allowed' : 'unauthenticated';
  }
  const granting = known.find(permits);
  return granting ? `ok ${granting.id} -` : 'not_granted';
}

// --- What is generated ------------------------------------------------------------------------------------------

/** Few networks, so that callers, proxies and rules meet, next to each other's borders. */
function anyBits(): bigint {
  const v4 = () =>
    MAPPED | toBigInt(pick([0x0a000000, 0x0a010000, 0xc0000200, 0x7f000000, 0xcb007100]) + below(4));
  const v6 = () =>
    (pick([0x20010db8n, 0x20010db9n, 0xfe800000n]) << 96n) | (toBigInt(below(2)) << 64n) | toBigInt(below(4));
  return oneIn(12) ? toBigInt(below(3)) : oneIn(3) ? v6() : v4();
}

function dotted(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
}

/** One of the many ways to write it. */
function spelled(bits: bigint): string {
  if (isV4(bits) && !oneIn(4)) return dotted(bits);
  const groups = many(8, () => '').map((_, index) =>
    ((bits >> toBigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  let text = groups.map((group) => (oneIn(3) ? group.padStart(4, '0') : group)).join(':');
  if (oneIn(3)) text = `${text.split(':').slice(0, 6).join(':')}:${dotted(bits)}`;
  if (!oneIn(3)) text = text.replace(/(^|:)0+(:0+)+(?=:|$)(?!\.)/, '::').replace(/:::+/, '::');
  return oneIn(3) ? text.toUpperCase() : text;
}

function anyRange(): string {
  const bits = anyBits();
  if (isV4(bits)) {
    return oneIn(8)
      ? `::ffff:${dotted(bits)}/${pick([96, 104, 112, 120, 126, 127, 128])}`
      : `${dotted(bits)}${pick(['', '/0', '/8', '/16', '/24', '/30', '/31', '/32'])}`;
  }
  return `${spelled(bits)}${pick(['', '/0', '/32', '/64', '/65', '/126', '/127', '/128'])}`;
}

const GARBAGE = [
  'unknown',
  '_hidden',
  '-',
  '1.2.3',
  '10.0.0.01',
  '10.0.0.256',
  '[10.0.0.1]',
  '10.0.0.1:',
  '::1%lo',
];
const MORE_GARBAGE = [
  '"10.0.0.1"',
  'for=10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1 10.0.0.1',
  '[::1',
  '::1]',
  '0x0a000001',
];
const ALL_GARBAGE = [
  ...GARBAGE,
  ...MORE_GARBAGE,
  '167772161',
  '10.0.0.1;',
  '10.1',
  '[::ffff:10.0.0.1]:99999',
  'é',
];

function anyElement(): string {
  if (oneIn(12)) return pick(ALL_GARBAGE);
  if (oneIn(15)) return '';
  const bits = anyBits();
  const text = spelled(bits);
  if (!oneIn(4)) return text;
  const port = pick(['80', '0', '65535', '65536', '7']);
  return text.includes(':') ? `[${text}]${oneIn(3) ? '' : `:${port}`}` : `${text}:${port}`;
}

function headerOf(elements: readonly string[]): string {
  return elements.map((element) => pick(['', ' ', '\t', '  ']) + element + pick(['', '', ' '])).join(',');
}

const KEYS = many(4, () => composeKey(many(40, () => pick([...'0123456789abcXYZ'])).join('')));

/** Well-formed keys that no client has, and things that are no keys. */
const WRONG_KEYS = [
  'x'.repeat(32),
  `wxh_${'a'.repeat(46)}`,
  KEYS[0]!.slice(1),
  `${KEYS[1]!.slice(0, -1)}!`,
  '',
  'k',
];

function anyWorld(): World {
  const apps = ['wxa', 'wxb', 'wxc'].filter(() => !oneIn(4));
  const keys = KEYS.toSorted(() => random() - 0.5);
  const clients = many(oneIn(20) ? 0 : 1 + below(5), () => {
    const own = many(pick([0, 1, 2, 2]), () => keys.pop()).filter((key) => key !== undefined);
    return {
      id: '',
      keys: own.map((key, index) => ({
        id: `k${index}`,
        key,
        expiresAt: oneIn(4) ? WALL_NOW + below(3) - 1 : undefined,
      })),
      allowIps: own.length > 0 && oneIn(2) ? undefined : many(1 + below(3), anyRange),
      apps: oneIn(3) ? ('*' as const) : ['wxa', 'wxb', 'wxc', 'wxd'].filter(() => oneIn(2)),
      may: ACTS.filter(() => !oneIn(4)),
    };
  }).map((client, index) => ({ ...client, id: `c${index}` }));
  return { trusted: oneIn(8) ? [] : many(1 + below(4), anyRange), clients, apps };
}

function anyRequest(): AccessRequest {
  const elements = many(pick([0, 1, 1, 2, 3, 5]), anyElement);
  const key = oneIn(8) ? pick(WRONG_KEYS) : pick(KEYS);
  const socket = spelled(anyBits());
  return {
    socketAddress: oneIn(60) ? '' : socket.includes(':') && oneIn(8) ? `${socket}%eth0` : socket,
    xForwardedFor: oneIn(5) ? undefined : headerOf(elements),
    authorization: oneIn(3) ? undefined : `${pick(['Bearer', 'Bearer', 'bearer', 'BEARER', 'Basic'])} ${key}`,
    key: oneIn(8) ? key : undefined,
  };
}

// --- The code under test ----------------------------------------------------------------------------------------

function addresses(ranges: readonly string[]): AddressSet {
  const result = parseAddressSet(ranges);
  if (!result.ok) throw new Error(JSON.stringify(result.bad));
  return result.set;
}

const hashes = new Map(KEYS.map((key) => [key, createHash('sha256').update(key).digest('hex')]));

function snapshotOf(world: World): HubSnapshot {
  const clients = world.clients.map(({ id, keys, allowIps, apps, may }): ClientEntry => ({
    id,
    keys: keys.map(({ id: keyId, key, expiresAt }) => ({ id: keyId, sha256: hashes.get(key)!, expiresAt })),
    identities: [],
    allowIps: allowIps && addresses(allowIps),
    apps: apps === '*' ? apps : new Set(apps),
    may: new Set(may),
    gatewayPaths: undefined,
    requestsPerMinute: 1_000_000_000,
  }));
  const apps = new Map(world.apps.map((appid) => [appid, {} as AppSettings]));
  return { apps, platforms: new Map(), issuers: new Map(), clients, notify: [] };
}

const clock = { now: () => 0, wallNow: () => WALL_NOW } as unknown as Clock;

function pureVerdict(
  { apps }: HubSnapshot,
  index: AccessIndex,
  trusted: AddressSet,
  request: AccessRequest,
  act: Act,
  appid: string | undefined,
): string {
  const address = callerAddress(request.socketAddress, request.xForwardedFor, trusted);
  const identification = identify(index, credentialOf(request), address, WALL_NOW);
  if (!identification.ok) return identification.reason;
  const result = authorise(identification.caller, act, appid, apps);
  return result.ok ? `ok ${result.client.id} ${result.key?.id ?? '-'}` : result.reason;
}

function serviceVerdict(
  service: AccessService,
  request: AccessRequest,
  act: Act,
  appid: string | undefined,
): string {
  const verdict = service.check(request, act, appid);
  if (verdict.ok) return `ok ${verdict.client.id} ${verdict.key?.id ?? '-'}`;
  // The 21st failure is still a failure; that it is counted has its own tests.
  return verdict.cause === 'too_many_failures' ? 'unauthenticated' : verdict.reason;
}

/** The header with everything left of the caller's own entry replaced; `undefined` where there is no such entry. */
function forged(header: string, trusted: AddressSet): string | undefined {
  const parts = header.split(',');
  const isTrustedHop = (part: string) => {
    // As the code itself sees this one entry: behind a socket that is trusted, alone.
    const element = part.trim();
    const bits = element === '' ? undefined : bitsOfElement(element);
    return element === '' || (bits !== undefined && inRanges(trusted.ranges, bits));
  };
  const own = parts.findLastIndex((part) => !isTrustedHop(part));
  if (own < 0) return undefined;
  const attack = many(below(6), () =>
    oneIn(3) ? pick(['\0', '%', '[', 'x'.repeat(300), ',,,']) : anyElement(),
  );
  return headerOf([...attack, '']) + parts.slice(own).join(',');
}

describe('no header lets anybody in', () => {
  it(`in ${WORLDS * REQUESTS_PER_WORLD} generated requests, the rules and AccessService say what the reference says`, () => {
    const seen = new Map<string, number>();
    let spoofs = 0;
    const disagreements: object[] = [];
    for (let w = 0; w < WORLDS; w++) {
      let world = anyWorld();
      const trusted = addresses(world.trusted);
      const config = { current: snapshotOf(world), onChange: () => undefined };
      const service = new AccessService(
        config as unknown as AppsConfig,
        { trustedProxies: trusted } as HubEnvironment,
        clock,
      );
      let index = compileAccess(config.current.clients);
      for (let r = 0; r < REQUESTS_PER_WORLD; r++) {
        if (r === REQUESTS_PER_WORLD / 2) {
          // A reload: other clients and apps, same proxies.
          world = { ...anyWorld(), trusted: world.trusted };
          config.current = snapshotOf(world);
          index = compileAccess(config.current.clients);
        }
        const request = anyRequest();
        const act = pick(ACTS);
        const appid = pick(['wxa', 'wxa', 'wxb', 'wxd', 'wxnone', undefined]);
        const expected = referenceVerdict(world, request, act, appid);
        const kind = expected.split(' ')[0]!;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        const verdicts = [
          pureVerdict(config.current, index, trusted, request, act, appid),
          serviceVerdict(service, request, act, appid),
        ];
        const bits = referenceCaller(request.socketAddress, request.xForwardedFor, world.trusted);
        const address = callerAddress(request.socketAddress, request.xForwardedFor, trusted);
        if (bits !== (address && bitsOf(address.text))) verdicts.push('another caller');

        const spoofed =
          request.xForwardedFor === undefined ? undefined : forged(request.xForwardedFor, trusted);
        if (spoofed !== undefined) {
          spoofs++;
          const attack = { ...request, xForwardedFor: spoofed };
          verdicts.push(serviceVerdict(service, attack, act, appid));
          const attacker = callerAddress(attack.socketAddress, spoofed, trusted);
          if (attacker?.text !== address?.text) verdicts.push('another caller by forgery');
        }
        if (verdicts.some((verdict) => verdict !== expected)) {
          disagreements.push({ world, request, act, appid, expected, verdicts, spoofed });
        }
      }
    }
    expect(disagreements.slice(0, 3)).toEqual([]);
    // The cases are worth something: each outcome is met thousands of times.
    expect(Object.fromEntries(seen)).toEqual({
      ok: expect.any(Number),
      unauthenticated: expect.any(Number),
      ip_not_allowed: expect.any(Number),
      not_granted: expect.any(Number),
    });
    for (const count of seen.values()) expect(count).toBeGreaterThan(5_000);
    expect(spoofs).toBeGreaterThan(50_000);
  });
});
