import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class TicketAnswer {
  @ApiProperty({ minLength: 1 })
  ticket!: string;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Whole seconds from now, computed per request.' })
  expires_in!: number;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Grows with every new ticket. Also the ETag.' })
  version!: number;
}

export class SignatureBody {
  @ApiProperty({
    format: 'uri',
    maxLength: 4096,
    description: 'The page’s URL as the browser has it (location.href); the fragment is dropped.',
  })
  url!: string;

  @ApiPropertyOptional({
    enum: ['jsapi', 'agent_config'],
    default: 'jsapi',
    description: 'Of WeCom: `jsapi` for `wx.config`, `agent_config` for `wx.agentConfig`.',
  })
  type?: string;
}

export class SignatureAnswer {
  @ApiProperty({ description: 'The appid; of WeCom the corpid.' })
  appId!: string;

  @ApiPropertyOptional({ type: 'integer', description: 'With `agent_config`, where apps.yaml has it.' })
  agentId?: number;

  @ApiProperty({ type: 'integer', description: 'Unix time, seconds.' })
  timestamp!: number;

  @ApiProperty()
  nonceStr!: string;

  @ApiProperty({ pattern: '^[0-9a-f]{40}$' })
  signature!: string;
}
