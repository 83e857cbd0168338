import { inQuery, jsonAnswer, WECHAT_ERROR_SCHEMA, type OpenApiPaths } from '../web/openapi-paths.js';

const TEXT = { type: 'string' } as const;
const ANYTHING = { type: 'object' } as const;
const PROBLEM = {
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemAnswer' } } },
} as const;
const APPID = { name: 'appid', in: 'path', required: true, schema: TEXT } as const;
const JSON_BODY = { required: true, content: { 'application/json': { schema: ANYTHING } } } as const;

function token(operationId: string, summary: string, field: string, parameters: readonly object[]) {
  const granted = {
    type: 'object',
    required: [field, 'expires_in'],
    properties: { [field]: TEXT, expires_in: { type: 'integer' } },
  };
  return {
    post: {
      tags: ['drop-in'],
      security: [],
      operationId,
      summary,
      parameters,
      requestBody: JSON_BODY,
      responses: { '200': jsonAnswer('As WeChat’s, or an error', { anyOf: [granted, WECHAT_ERROR_SCHEMA] }) },
    },
  };
}

/** What platforms have beside the routes of controllers. */
export const PLATFORM_PATHS: OpenApiPaths = {
  '/platforms/{appid}/push': {
    post: {
      tags: ['platforms'],
      security: [],
      operationId: 'push',
      summary: 'What WeChat pushes to a platform; the signature is the proof',
      parameters: [APPID, ...['timestamp', 'nonce', 'msg_signature'].map((name) => inQuery(name, TEXT))],
      requestBody: { required: true, content: { 'text/xml': { schema: TEXT } } },
      responses: {
        '200': {
          description: 'Stored',
          content: { 'text/plain': { schema: { type: 'string', const: 'success' } } },
        },
        '400': { description: 'Not of the form', ...PROBLEM },
        '403': { description: 'Not signed for this platform, too old, or taken before', ...PROBLEM },
        '413': { description: 'Larger than 64 KiB', ...PROBLEM },
        '503': { description: 'Not stored: to be sent again', ...PROBLEM },
      },
    },
  },
  '/platforms/{appid}/authorized': {
    get: {
      tags: ['platforms'],
      security: [],
      operationId: 'authorized',
      summary: 'Where a merchant comes back from WeChat',
      parameters: [APPID, inQuery('state', TEXT), inQuery('auth_code', TEXT)],
      responses: {
        '302': { description: 'On to the redirectUri of the link' },
        '400': { description: 'No such link, or used before', ...PROBLEM },
        '422': { description: 'WeChat does not take the code', ...PROBLEM },
      },
    },
  },
  '/v1/platforms/{appid}/wechat/cgi-bin/component/{path}': {
    post: {
      tags: ['platforms'],
      operationId: 'componentCall',
      summary: 'A call of the platform’s, with its token put in and refresh tokens taken out',
      security: [{ bearer: [] }],
      parameters: [APPID, { name: 'path', in: 'path', required: true, schema: TEXT }],
      requestBody: { required: false, content: { 'application/json': { schema: ANYTHING } } },
      responses: {
        '200': jsonAnswer('WeChat’s answer', ANYTHING),
        '403': { description: 'Not granted, or never forwarded', ...PROBLEM },
        '502': { description: 'WeChat gave no usable answer', ...PROBLEM },
      },
    },
  },
  '/cgi-bin/component/api_component_token': token(
    'componentToken',
    'A platform’s own token, with the hub key as component_appsecret',
    'component_access_token',
    [],
  ),
  '/cgi-bin/component/api_authorizer_token': token(
    'authorizerToken',
    'An authorizer’s token; the caller’s own refresh token comes back',
    'authorizer_access_token',
    [inQuery('component_access_token', TEXT)],
  ),
};
