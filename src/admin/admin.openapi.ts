import { ApiProperty } from '@nestjs/swagger';
import {
  APP_KINDS,
  SHOWN_TOKEN_APIS,
  TICKET_TYPES,
  type AppKindName,
  type AppTokenApi,
  type TicketType,
} from '../core/app.js';
import type { AppHealth } from '../core/credential.js';

const HEALTHS: readonly AppHealth[] = ['valid', 'failing', 'unavailable'];
export const nullableTime = { type: 'string', format: 'date-time', nullable: true } as const;

export class LastError {
  @ApiProperty({ format: 'date-time', type: 'string' })
  at!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Only where WeChat sent one.' })
  errcode!: number | null;

  @ApiProperty()
  errmsg!: string;

  @ApiProperty({ description: 'What to do about it.' })
  hint!: string;
}

/** A token or a ticket. */
export class CredentialAnswer {
  @ApiProperty({ enum: HEALTHS, description: 'What a caller would find, whatever is under way.' })
  state!: AppHealth;

  @ApiProperty({ description: 'Whether WeChat is being asked now.' })
  refreshing!: boolean;

  @ApiProperty({ type: 'integer', nullable: true })
  version!: number | null;

  @ApiProperty(nullableTime)
  expiresAt!: string | null;

  @ApiProperty({ ...nullableTime, description: 'null: of a ticket that nobody asks for, none is planned.' })
  nextRefreshAt!: string | null;

  @ApiProperty(nullableTime)
  lastRefreshAt!: string | null;

  @ApiProperty({ type: LastError, nullable: true, description: 'The latest failure, kept after recovery.' })
  lastError!: LastError | null;
}

export class TicketStatusAnswer extends CredentialAnswer {
  @ApiProperty({ enum: TICKET_TYPES })
  type!: TicketType;
}

export class AppStatusAnswer extends CredentialAnswer {
  @ApiProperty()
  appid!: string;

  @ApiProperty({ required: false, description: 'Of a folder: whose file names it; hub: the operators’.' })
  tenant?: string;

  @ApiProperty({ type: 'string', nullable: true })
  name!: string | null;

  @ApiProperty({ enum: APP_KINDS })
  kind!: AppKindName;

  @ApiProperty({ enum: SHOWN_TOKEN_APIS })
  tokenApi!: AppTokenApi;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Forced refreshes left in these 24 hours; stable_token only.',
  })
  forcedRefreshesLeft!: number | null;

  @ApiProperty({
    type: [TicketStatusAnswer],
    description: 'Those that apps.yaml keeps warm, and those that were asked for.',
  })
  tickets!: TicketStatusAnswer[];
}

export class AppListAnswer {
  @ApiProperty({ type: [AppStatusAnswer] })
  apps!: AppStatusAnswer[];
}

export class RefreshAnswer extends AppStatusAnswer {
  @ApiProperty({ type: 'integer', minimum: 0 })
  expires_in!: number;

  @ApiProperty({ type: 'integer' })
  declare version: number;
}

export class ReloadWarning {
  @ApiProperty({ example: 'apps[3].secretFile' })
  path!: string;

  @ApiProperty({ type: 'integer' })
  line!: number;

  @ApiProperty()
  message!: string;
}

export class ReloadAnswer {
  @ApiProperty({ type: [String] })
  added!: string[];

  @ApiProperty({ type: [String] })
  changed!: string[];

  @ApiProperty({ type: [String] })
  removed!: string[];

  @ApiProperty({ type: 'integer' })
  unchanged!: number;

  @ApiProperty({
    type: [ReloadWarning],
    required: false,
    description: 'AppSecrets that cannot be had: their apps go without, or on with the ones they had',
  })
  warnings?: ReloadWarning[];
}

export class QuotaNumbers {
  @ApiProperty({ type: 'integer' })
  daily_limit!: number;

  @ApiProperty({ type: 'integer' })
  used!: number;

  @ApiProperty({ type: 'integer' })
  remain!: number;
}

export class RateLimit {
  @ApiProperty({ type: 'integer' })
  call_count!: number;

  @ApiProperty({ type: 'integer' })
  refresh_second!: number;
}

export class QuotaAnswer {
  @ApiProperty({ type: QuotaNumbers, required: false })
  quota?: QuotaNumbers;

  @ApiProperty({ type: RateLimit, required: false })
  rate_limit?: RateLimit;

  @ApiProperty({ type: RateLimit, required: false })
  component_rate_limit?: RateLimit;
}

export class QuotaClearAnswer {
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9, description: 'Times left in this month, of ten.' })
  left!: number;
}

export class RidAnswer {
  @ApiProperty({ type: 'integer', required: false, description: 'Unix time, seconds.' })
  invoke_time?: number;

  @ApiProperty({ type: 'integer', required: false })
  cost_in_ms?: number;

  @ApiProperty({ required: false, description: 'The query, tokens and secrets taken out.' })
  request_url?: string;

  @ApiProperty({ required: false })
  request_body?: string;

  @ApiProperty({ required: false })
  response_body?: string;

  @ApiProperty({ required: false })
  client_ip?: string;
}

export class FailingRefreshBody {
  @ApiProperty({ enum: [true] })
  failing!: true;

  @ApiProperty({
    required: false,
    description: 'Only apps whose last failure has this reason: an errcode, or how the call failed.',
    example: '40164',
  })
  reason?: string;
}

export class FailingRefreshAnswer {
  @ApiProperty({ type: [String], description: 'The appids that are tried from now on, 50 at a time.' })
  refreshing!: string[];
}

export class RefreshBody {
  @ApiProperty({
    required: false,
    default: false,
    description:
      'stable_token: WeChat’s force_refresh, which kills the token before; 20 a day, 30 s apart. No effect on `token`.',
  })
  force?: boolean;
}

export class SeedBody {
  @ApiProperty({ description: 'The living token of the other server.' })
  access_token!: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: 7200,
    description: 'What is left of its life, seconds.',
  })
  expires_in!: number;
}
