import { inQuery, jsonAnswer, WECHAT_ERROR_SCHEMA, type OpenApiPaths } from '../web/openapi-paths.js';

const TOKEN = {
  type: 'object',
  required: ['access_token', 'expires_in'],
  properties: { access_token: { type: 'string' }, expires_in: { type: 'integer', minimum: 0 } },
} as const;
const TICKET = {
  type: 'object',
  required: ['errcode', 'errmsg', 'ticket', 'expires_in'],
  properties: {
    errcode: { type: 'integer', const: 0 },
    errmsg: { type: 'string' },
    ticket: { type: 'string' },
    expires_in: { type: 'integer', minimum: 0 },
  },
} as const;
const CORP_TOKEN = {
  type: 'object',
  required: ['errcode', 'errmsg', 'access_token', 'expires_in'],
  properties: {
    errcode: { type: 'integer', const: 0 },
    errmsg: { type: 'string' },
    access_token: { type: 'string' },
    expires_in: { type: 'integer', minimum: 0 },
  },
} as const;
const TEXT = { type: 'string' } as const;
const KEY = 'The client’s hub key, never the AppSecret.';
const GRANT = { type: 'string', const: 'client_credential' } as const;

const credentialQuery = [inQuery('grant_type', GRANT), inQuery('appid', TEXT), inQuery('secret', TEXT, KEY)];
const credentialBody = {
  type: 'object',
  required: ['grant_type', 'appid', 'secret'],
  properties: {
    grant_type: GRANT,
    appid: TEXT,
    secret: { ...TEXT, description: KEY },
    force_refresh: { type: 'boolean', description: 'Acts as a report of the current token.' },
  },
} as const;
const body = { required: true, content: { 'application/json': { schema: credentialBody } } } as const;
const answers = { '200': jsonAnswer('The token, or an error', { anyOf: [TOKEN, WECHAT_ERROR_SCHEMA] }) };
const SERVED = 'A token of the app that the hub served.';
const ticketAnswers = {
  '200': jsonAnswer('The ticket, or an error', { anyOf: [TICKET, WECHAT_ERROR_SCHEMA] }),
};
const common = { tags: ['drop-in'], security: [] } as const;

/** WeChat's own endpoints, as the hub answers them. HTTP status 200 throughout. */
export const DROP_IN_PATHS: OpenApiPaths = {
  '/cgi-bin/token': {
    get: {
      ...common,
      operationId: 'dropInToken',
      summary: 'As WeChat’s',
      parameters: credentialQuery,
      responses: answers,
    },
    post: {
      ...common,
      operationId: 'dropInTokenByBody',
      summary: 'The same by a body',
      requestBody: body,
      responses: answers,
    },
  },
  '/cgi-bin/stable_token': {
    get: {
      ...common,
      operationId: 'dropInStableTokenByGet',
      summary: 'Answers 43002, as WeChat does',
      responses: { '200': jsonAnswer('43002', WECHAT_ERROR_SCHEMA) },
    },
    post: {
      ...common,
      operationId: 'dropInStableToken',
      summary: 'As WeChat’s',
      requestBody: body,
      responses: answers,
    },
  },
  '/cgi-bin/ticket/getticket': {
    get: {
      ...common,
      operationId: 'dropInTicket',
      summary: 'As WeChat’s; the token names the app and proves the right',
      parameters: [
        inQuery('access_token', TEXT, SERVED),
        inQuery('type', { type: 'string', enum: ['jsapi', 'wx_card'] }),
      ],
      responses: ticketAnswers,
    },
  },
  '/cgi-bin/gettoken': {
    get: {
      ...common,
      operationId: 'dropInCorpToken',
      summary: 'As WeCom’s',
      parameters: [
        inQuery(
          'corpid',
          TEXT,
          'The app’s name in the hub, or the corpid where one agent of it alone is granted.',
        ),
        inQuery('corpsecret', TEXT, 'The client’s hub key, never the Secret.'),
      ],
      responses: {
        '200': jsonAnswer('The token, or an error', { anyOf: [CORP_TOKEN, WECHAT_ERROR_SCHEMA] }),
      },
    },
  },
  '/cgi-bin/get_jsapi_ticket': {
    get: {
      ...common,
      operationId: 'dropInCorpTicket',
      summary: 'As WeCom’s; the token names the app and proves the right',
      parameters: [inQuery('access_token', TEXT, SERVED)],
      responses: ticketAnswers,
    },
  },
  '/cgi-bin/ticket/get': {
    get: {
      ...common,
      operationId: 'dropInAgentTicket',
      summary: 'As WeCom’s; the token names the app and proves the right',
      parameters: [
        inQuery('access_token', TEXT, SERVED),
        inQuery('type', { type: 'string', const: 'agent_config' }),
      ],
      responses: ticketAnswers,
    },
  },
};
