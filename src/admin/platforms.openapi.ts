import { ApiProperty } from '@nestjs/swagger';
import { AppStatusAnswer } from './admin.openapi.js';

export class PlatformAnswer {
  @ApiProperty({ description: 'component_appid' })
  appid!: string;

  @ApiProperty({ required: false })
  tenant?: string;

  @ApiProperty({ type: String, nullable: true })
  name!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the newest ticket was pushed. null: never.',
  })
  lastTicketAt!: string | null;

  @ApiProperty({ description: 'Whether no ticket has come for half an hour' })
  silent!: boolean;

  @ApiProperty({ type: 'integer', description: 'Accounts that authorise it' })
  authorizers!: number;

  @ApiProperty({ type: 'integer', description: 'Those of them that need authorising anew' })
  needAuthorising!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When this replica last read WeChat’s list of authorizers',
  })
  listReadAt!: string | null;

  @ApiProperty({ type: AppStatusAnswer, nullable: true, description: 'Its own token' })
  token!: AppStatusAnswer | null;
}

export class PlatformListAnswer {
  @ApiProperty({ type: [PlatformAnswer] })
  platforms!: PlatformAnswer[];
}

export class AuthorizerAnswer {
  @ApiProperty()
  appid!: string;

  @ApiProperty({ enum: ['authorized', 'needs_authorising', 'withdrawn'] })
  state!: 'authorized' | 'needs_authorising' | 'withdrawn';

  @ApiProperty({ type: String, format: 'date-time', description: 'Since when, by WeChat’s clock' })
  since!: string;

  @ApiProperty({ description: 'Whether WeChat’s list had it when it was last read' })
  listed!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Why it needs authorising anew' })
  errcode!: number | null;

  @ApiProperty({
    type: AppStatusAnswer,
    nullable: true,
    description: 'Its token; null: it is no app of the hub',
  })
  token!: AppStatusAnswer | null;
}

export class AuthorizerListAnswer {
  @ApiProperty({ type: [AuthorizerAnswer] })
  authorizers!: AuthorizerAnswer[];
}

export class AuthorizeLinkBody {
  @ApiProperty({ description: 'Where the merchant goes on to once the hub has the authorisation' })
  redirectUri!: string;

  @ApiProperty({ type: 'integer', required: false, description: 'WeChat’s auth_type' })
  authType?: number;

  @ApiProperty({
    required: false,
    description: 'Where browsers reach the hub. Default: https:// and the host of this request',
  })
  hubUrl?: string;
}

export class AuthorizeLinkAnswer {
  @ApiProperty({ description: 'For the merchant; good for once' })
  url!: string;
}
