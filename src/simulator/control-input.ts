import type { TokenFamily } from './credentials.js';
import type { FaultScope, FaultSpec } from './faults.js';
import { ENDPOINTS, type Endpoint } from './journal.js';
import type { SimulatedApp } from './simulated-app.js';
import { isObject } from './body.js';
import type { SimulatedAgent } from './wecom/wecom-desk.js';
import type { CodeSpec } from './users/login-desk.js';

/** A control request that makes no sense; the message says why. */
export class ControlInputError extends Error {}

export type Input = Readonly<Record<string, unknown>>;

export function text(input: Input, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined || value === '') throw new ControlInputError(`${name} is missing`);
  return value;
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new ControlInputError(`${name} is not a string`);
}

export function number(input: Input, name: string): number {
  const value = optionalNumber(input, name);
  if (value === undefined) throw new ControlInputError(`${name} is missing`);
  return value;
}

export function optionalNumber(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new ControlInputError(`${name} is not a number`);
}

export function addresses(input: Input, name: string): string[] | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw new ControlInputError(`${name} is not a list of addresses`);
}

export function tokenFamily(input: Input): TokenFamily {
  const family = optionalText(input, 'family') ?? 'stable_token';
  if (family === 'token' || family === 'stable_token') return family;
  throw new ControlInputError('family is neither token nor stable_token');
}

export function endpoint(value: string | undefined): Endpoint | undefined {
  const found = ENDPOINTS.find((name) => name === value);
  if (value !== undefined && found === undefined) {
    throw new ControlInputError(`endpoint is none of ${ENDPOINTS.join(', ')}`);
  }
  return found;
}

export function app(input: Input): SimulatedApp {
  const kind = optionalText(input, 'kind');
  if (kind !== undefined && kind !== 'mini_program' && kind !== 'official') {
    throw new ControlInputError('kind is neither mini_program nor official');
  }
  return {
    appid: text(input, 'appid'),
    secret: text(input, 'secret'),
    kind,
    whitelist: addresses(input, 'whitelist'),
    tokenLifeSeconds: optionalNumber(input, 'tokenLifeSeconds'),
  };
}

export function agent(input: Input): SimulatedAgent {
  return {
    appid: text(input, 'appid'),
    corpid: text(input, 'corpid'),
    secret: text(input, 'secret'),
    trustedIps: addresses(input, 'trustedIps'),
  };
}

export function code(input: Input): CodeSpec {
  const kind = optionalText(input, 'kind');
  if (kind !== undefined && kind !== 'js' && kind !== 'oauth') {
    throw new ControlInputError('kind is neither js nor oauth');
  }
  return {
    appid: text(input, 'appid'),
    kind,
    openid: text(input, 'openid'),
    unionid: optionalText(input, 'unionid'),
    scope: optionalText(input, 'scope'),
    snapshot: input.snapshot === true,
    ttlSeconds: optionalNumber(input, 'ttlSeconds'),
    withErrcode: input.withErrcode === true,
  };
}

/** A {@link FaultSpec} as JSON; `times: "always"` stands for Infinity, which JSON does not have. */
export function fault(input: Input): FaultSpec {
  const named = optionalText(input, 'endpoint');
  const scope: FaultScope = {
    endpoint: named === '*' ? '*' : endpoint(named),
    appid: optionalText(input, 'appid'),
    times: input.times === 'always' ? Number.POSITIVE_INFINITY : optionalNumber(input, 'times'),
    probability: optionalNumber(input, 'probability'),
    delayMs: optionalNumber(input, 'delayMs'),
  };
  const applied = input.applied === true;
  const kind = text(input, 'kind');
  switch (kind) {
    case 'errcode':
      return {
        ...scope,
        kind,
        applied,
        errcode: number(input, 'errcode'),
        errmsg: optionalText(input, 'errmsg'),
      };
    case 'empty':
    case 'html':
    case 'not_json':
    case 'reset':
    case 'cut':
    case 'hang':
      return { ...scope, kind, applied };
    case 'status':
      return { ...scope, kind, applied, status: optionalNumber(input, 'status') };
    case 'huge':
      return { ...scope, kind, applied, bytes: optionalNumber(input, 'bytes') };
    case 'delay':
      return { ...scope, kind, applied: input.applied !== false, delayMs: number(input, 'delayMs') };
    case 'drip':
      return { ...scope, kind, intervalMs: optionalNumber(input, 'intervalMs') };
    case 'missing_field':
      return { ...scope, kind, field: optionalText(input, 'field') };
    case 'expires_in_string':
    case 'blank_token':
      return { ...scope, kind };
    case 'patch':
      if (!isObject(input.patch)) throw new ControlInputError('patch is not an object');
      return { ...scope, kind, patch: input.patch };
    default:
      throw new ControlInputError(`no such kind of fault: ${kind}`);
  }
}
