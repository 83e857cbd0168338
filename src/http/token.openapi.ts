import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { HUB_ERRORS, type HubErrorCode } from '../core/hub-error.js';

/** The documents of the callers' API: `/openapi.json` is generated from these and the controllers. */

export const APPID_SCHEMA = { type: 'string', pattern: '^[A-Za-z0-9_-]{2,64}$' } as const;

export class TokenAnswer {
  @ApiProperty({ description: 'WeChat’s access_token.', minLength: 1 })
  access_token!: string;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Whole seconds from now for which the hub vouches for the token, computed per request.',
  })
  expires_in!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'Grows with every new token of the app. Also the ETag.',
  })
  version!: number;
}

export class WeChatRefusal {
  @ApiProperty({ type: 'integer' })
  errcode!: number;

  @ApiProperty()
  errmsg!: string;
}

export class FileProblem {
  @ApiProperty({ description: 'Where in apps.yaml, as in apps[3].secretEnv; empty: the file as a whole.' })
  path!: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  line!: number;

  @ApiProperty({ description: 'What is wrong and what to do about it.' })
  message!: string;
}

export class ProblemAnswer {
  @ApiProperty({ format: 'uri' })
  type!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status!: number;

  @ApiProperty()
  detail!: string;

  @ApiProperty({ enum: Object.keys(HUB_ERRORS), enumName: 'HubErrorCode' })
  code!: HubErrorCode;

  @ApiProperty()
  requestId!: string;

  @ApiProperty({ required: false, type: WeChatRefusal, description: 'What WeChat said, where it refused.' })
  wechat?: WeChatRefusal;

  @ApiProperty({ required: false, type: [FileProblem], description: 'HUB_CONFIG_INVALID: all of them.' })
  problems?: FileProblem[];
}

/** The answer of each error code, grouped by HTTP status. */
export function ApiProblems(...codes: HubErrorCode[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, HubErrorCode[]>();
  for (const code of codes) {
    const { status } = HUB_ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ...[...byStatus].map(([status, those]) =>
      ApiResponse({
        status,
        description: those.map((code) => `${code}: ${HUB_ERRORS[code].title}`).join('; '),
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemAnswer' } },
        },
        ...(status === 429 || status === 503
          ? {
              headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } } },
            }
          : {}),
      }),
    ),
  );
}

/** The errors that every guarded route can give. */
export const GUARD_PROBLEMS: readonly HubErrorCode[] = [
  'HUB_BAD_REQUEST',
  'HUB_UNAUTHENTICATED',
  'HUB_IP_NOT_ALLOWED',
  'HUB_NOT_GRANTED',
  'HUB_RATE_LIMITED',
];

export const ETAG_HEADER = {
  ETag: { description: 'The version in quotes', schema: { type: 'string' as const } },
};

export function ApiTokenRoute(operationId = 'getToken'): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiTags('callers'),
    ApiBearerAuth(),
    ApiOperation({
      summary:
        operationId === 'getToken' ? 'The app’s access_token' : 'The component_access_token of a platform',
      operationId,
    }),
    ApiParam({ name: 'appid', schema: APPID_SCHEMA }),
    ApiHeader({ name: 'If-None-Match', required: false, schema: { type: 'string' } }),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        '`wait=N`: with a matching If-None-Match, wait up to N (at most 55) seconds for a newer token.',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 200, description: 'The token', type: TokenAnswer, headers: ETAG_HEADER }),
    ApiResponse({ status: 304, description: 'The token is still of that version', headers: ETAG_HEADER }),
    ApiProblems(...GUARD_PROBLEMS, 'HUB_TOKEN_UNAVAILABLE'),
  );
}
