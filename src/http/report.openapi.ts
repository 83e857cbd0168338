import { ApiProperty } from '@nestjs/swagger';
import type { ReportOutcome } from '../core/report.js';
import { TokenAnswer } from './token.openapi.js';

const OUTCOMES: readonly ReportOutcome[] = ['superseded', 'refreshed', 'confirmed', 'throttled'];

export class ReportBody {
  @ApiProperty({ description: 'The token that WeChat refused.', minLength: 1, maxLength: 4096 })
  access_token!: string;

  @ApiProperty({ type: 'integer', required: false, description: 'What WeChat answered, such as 40001.' })
  errcode?: number;
}

export class ReportAnswer extends TokenAnswer {
  @ApiProperty({
    enum: OUTCOMES,
    description:
      'superseded: the hub already had another token; refreshed: WeChat was asked and gave another; ' +
      'confirmed: WeChat was asked and insists on it; throttled: WeChat was asked just now, this is the current one.',
  })
  outcome!: ReportOutcome;
}
