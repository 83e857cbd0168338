import { ACTS, CLIENT_DEFAULTS } from '../../core/access/client.js';
import { APP_DEFAULTS, APP_TOKEN_APIS, WRITTEN_KINDS, type WrittenKind } from '../../core/app.js';
import { NOTICE_KINDS, TARGET_TYPES } from '../../notices/notice.js';
import { LANGUAGES } from '../../notices/wording/cause-texts.js';
import {
  listOf,
  listOfMappings,
  mapping,
  oneOf,
  optional,
  required,
  wholeNumber,
  withDefault,
  type Rule,
  type Table,
} from './rule.js';
import { AES_KEYS_RULE, FORWARD_URL_RULE, PLATFORM_TICKETS_RULE, PUSH_TOKEN_RULE } from './platform-rules.js';
import {
  ALLOW_IPS_RULE,
  APPID_RULE,
  BASE_URL_RULE,
  CORPID_RULE,
  CERTIFICATE_RULE,
  CLAIM_RULE,
  DATE_TIME_RULE,
  FILE_RULE,
  GATEWAY_PATHS_RULE,
  GRANTS_RULE,
  ID_RULE,
  ISSUER_FILE_RULE,
  ISSUER_ID_RULE,
  LINK_RULE,
  MENTION_RULE,
  NAME_RULE,
  SECRET_RULE,
  SHA256_RULE,
  SIGNING_SECRET_RULE,
  TENANT_HOST_RULE,
  TICKETS_RULE,
  URL_RULE,
  VARIABLE_RULE,
  VERSION_RULE,
} from './rules.js';

/*
 * apps.yaml, key by key: the hub's types and checks, the JSON Schema for editors and the configuration reference are
 * made of these tables (npm run docs). What concerns several entries at once is in read.ts and clients.ts.
 *
 * A new section: a table here, a line in TOP, its reading in read.ts, its texts in docs/reference/texts.yaml.
 */

const KIND_RULE = oneOf(WRITTEN_KINDS);
const AGENT_ID_RULE = wholeNumber(1, 2_147_483_647);
const TOKEN_API_RULE = oneOf(APP_TOKEN_APIS);
const REFRESH_AHEAD_RULE = wholeNumber(1, 7200, 'of seconds');
const RECONCILE_RULE = wholeNumber(5, 3600, 'of seconds');

/** `defaults`: what holds for every app that does not say otherwise. */
export const DEFAULTS = {
  keys: {
    kind: withDefault<WrittenKind>(APP_DEFAULTS.kind, KIND_RULE),
    corpid: optional(CORPID_RULE),
    agentId: optional(AGENT_ID_RULE),
    baseUrl: optional(BASE_URL_RULE),
    tokenApi: withDefault(APP_DEFAULTS.tokenApi, TOKEN_API_RULE),
    refreshAheadSeconds: withDefault(APP_DEFAULTS.refreshAheadSeconds, REFRESH_AHEAD_RULE),
    reconcileSeconds: withDefault(APP_DEFAULTS.reconcileSeconds, RECONCILE_RULE),
    tickets: withDefault(APP_DEFAULTS.tickets, TICKETS_RULE),
  },
  hint: (key) => (key in APP.keys ? 'belongs to each app, not to defaults' : undefined),
} satisfies Table;

export const APP = {
  keys: {
    appid: required("write the account's AppID", APPID_RULE),
    name: optional(NAME_RULE),
    secret: optional(SECRET_RULE),
    secretEnv: optional(VARIABLE_RULE),
    secretFile: optional(FILE_RULE),
    kind: optional(KIND_RULE),
    corpid: optional(CORPID_RULE),
    agentId: optional(AGENT_ID_RULE),
    baseUrl: optional(BASE_URL_RULE),
    // What stands where one of these is left out, the file itself says: its `defaults`.
    tokenApi: optional(TOKEN_API_RULE),
    refreshAheadSeconds: optional(REFRESH_AHEAD_RULE),
    reconcileSeconds: optional(RECONCILE_RULE),
    tickets: optional(TICKETS_RULE),
  },
  schema: { oneOf: [{ required: ['secret'] }, { required: ['secretEnv'] }, { required: ['secretFile'] }] },
} satisfies Table;

export const KEY = {
  keys: {
    id: required('a name for this key, as in "2026-11"', ID_RULE),
    sha256: required(
      'the SHA-256 of the key in hex, as `printf %s "$KEY" | sha256sum` gives it',
      SHA256_RULE,
    ),
    expiresAt: optional(DATE_TIME_RULE),
  },
} satisfies Table;

/** An entry of `issuers`: whose tokens are believed, and where the keys are that prove them. */
export const ISSUER = {
  keys: {
    id: required('a name for this issuer, as in cluster', ISSUER_ID_RULE),
    issuer: required(
      'write the iss of its tokens, as in https://kubernetes.default.svc.cluster.local',
      CLAIM_RULE,
    ),
    audience: required('write the aud that tokens for this hub have, as in wechat-token-hub', CLAIM_RULE),
    jwksUri: optional(URL_RULE),
    jwksFile: optional(ISSUER_FILE_RULE),
    caFile: optional(ISSUER_FILE_RULE),
    tokenFile: optional(ISSUER_FILE_RULE),
  },
} satisfies Table;

/** By what a client is known without a key. */
export const IDENTITY = {
  keys: {
    issuer: optional(ISSUER_ID_RULE),
    subject: optional(CLAIM_RULE),
    certificate: optional(CERTIFICATE_RULE),
  },
  schema: {
    oneOf: [
      { required: ['issuer', 'subject'], properties: { certificate: false } },
      { required: ['certificate'], properties: { issuer: false, subject: false } },
    ],
  },
} satisfies Table;

export const CLIENT = {
  keys: {
    id: required('a name for this backend, as in order-service', ID_RULE),
    keys: optional(listOfMappings('- { id: "2026-11", sha256: "…" }', KEY)),
    identities: optional(
      listOfMappings('- { issuer: cluster, subject: "system:serviceaccount:shop:order-service" }', IDENTITY),
    ),
    allowIps: optional(ALLOW_IPS_RULE),
    apps: required('list the appids that this client may use, or write "*" for all', GRANTS_RULE),
    may: withDefault(CLIENT_DEFAULTS.may, someOf(ACTS, `list some of ${ACTS.join(', ')}`)),
    requestsPerMinute: withDefault(CLIENT_DEFAULTS.requestsPerMinute, wholeNumber(1, 10_000_000)),
    gatewayPaths: optional(GATEWAY_PATHS_RULE),
  },
  schema: {
    anyOf: [
      { required: ['allowIps'] },
      { required: ['keys'], properties: { keys: { type: 'array', minItems: 1 } } },
      { required: ['identities'], properties: { identities: { type: 'array', minItems: 1 } } },
    ],
  },
} satisfies Table;

/** An entry of `platforms`: a third-party platform, whose authorizers come by themselves. */
export const PLATFORM = {
  keys: {
    appid: required("write the platform's AppID (component_appid)", APPID_RULE),
    name: optional(NAME_RULE),
    secret: optional(SECRET_RULE),
    secretEnv: optional(VARIABLE_RULE),
    secretFile: optional(FILE_RULE),
    pushToken: optional(PUSH_TOKEN_RULE),
    pushTokenEnv: optional(VARIABLE_RULE),
    pushTokenFile: optional(FILE_RULE),
    aesKeys: optional(AES_KEYS_RULE),
    aesKeysEnv: optional(VARIABLE_RULE),
    aesKeysFile: optional(FILE_RULE),
    forwardTo: withDefault([], listOf(FORWARD_URL_RULE, '["http://legacy.internal/push"]', { unique: true })),
    tickets: withDefault([], PLATFORM_TICKETS_RULE),
  },
  schema: {
    allOf: ['secret', 'pushToken', 'aesKeys'].map((name) => ({
      oneOf: ['', 'Env', 'File'].map((ending) => ({ required: [`${name}${ending}`] })),
    })),
  },
} satisfies Table;

/** An entry of `notify`: a robot or a webhook, and what it is told. */
export const NOTIFY = {
  keys: {
    type: required(`write one of ${TARGET_TYPES.join(', ')}`, oneOf(TARGET_TYPES)),
    url: optional(URL_RULE),
    urlEnv: optional(VARIABLE_RULE),
    urlFile: optional(FILE_RULE),
    secret: optional(SIGNING_SECRET_RULE),
    secretEnv: optional(VARIABLE_RULE),
    secretFile: optional(FILE_RULE),
    apps: optional(
      listOf(APPID_RULE, '[wx0123456789abcdef]', {
        unique: true,
        ifEmpty: 'list at least one appid, or remove the key to be told of all apps',
      }),
    ),
    language: withDefault('zh', oneOf(LANGUAGES)),
    events: optional(
      listOf(oneOf(NOTICE_KINDS), '[token_ending, recovered]', {
        unique: true,
        ifEmpty: 'list at least one event, or remove the key to be told of all',
      }),
    ),
    mention: withDefault(
      [],
      listOf(MENTION_RULE, '[all]', { unique: true, ifEmpty: 'name somebody, or remove the key' }),
    ),
    consoleUrl: optional(LINK_RULE),
    runbooksUrl: optional(LINK_RULE),
  },
  schema: { oneOf: [{ required: ['url'] }, { required: ['urlEnv'] }, { required: ['urlFile'] }] },
} satisfies Table;

export const TOP = {
  keys: {
    version: required('write version: 1 as the first line', VERSION_RULE),
    defaults: optional(mapping('defaults: { tokenApi: stable_token }', DEFAULTS)),
    apps: required(
      'write apps: and list at least one, or apps: [] for none',
      listOfMappings('- { appid: wx0123456789abcdef, secretEnv: SHOP_APPSECRET }', APP),
    ),
    platforms: withDefault(
      [],
      listOfMappings('- { appid: wxplatform00000001, secretEnv: PLATFORM_APPSECRET, … }', PLATFORM),
    ),
    issuers: withDefault(
      [],
      listOfMappings('- { id: cluster, issuer: "https://…", audience: wechat-token-hub }', ISSUER),
    ),
    clients: withDefault([], listOfMappings('- { id: order-service, apps: "*", keys: […] }', CLIENT)),
    notify: withDefault([], listOfMappings('- { type: wecom, urlEnv: WECOM_ROBOT_URL }', NOTIFY)),
    tenantHosts: withDefault([], listOf(TENANT_HOST_RULE, '[robots.corp.example]', { unique: true })),
  },
} satisfies Table;

/** A file of a folder: who has no apps there may leave the section out. */
export const FOLDER_TOP = {
  keys: { ...TOP.keys, apps: withDefault([], TOP.keys.apps.rule) },
} satisfies Table;

function someOf<T extends string>(words: readonly T[], ifEmpty: string): Rule<readonly T[]> {
  return listOf(oneOf(words), `[${words.join(', ')}]`, { unique: true, ifEmpty });
}
