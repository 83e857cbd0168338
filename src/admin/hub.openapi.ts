import { ApiProperty } from '@nestjs/swagger';
import { nullableTime, ReloadWarning } from './admin.openapi.js';

export class ReloadProblem extends ReloadWarning {
  @ApiProperty({ required: false, description: 'Of a folder: which file.' })
  file?: string;
}

class ReplicaReload {
  @ApiProperty({ type: 'string', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'false: the file was refused, and the one before holds.' })
  ok!: boolean;
}

export class ReplicaAnswer {
  @ApiProperty({ description: 'Its machine or pod.' })
  instance!: string;

  @ApiProperty()
  version!: string;

  @ApiProperty({ type: 'string', format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ type: ReplicaReload, nullable: true, description: 'null: none since its start.' })
  lastReload!: ReplicaReload | null;
}

export class StoreAnswer {
  @ApiProperty({ enum: ['memory', 'file', 'redis'] })
  kind!: 'memory' | 'file' | 'redis';

  @ApiProperty({ ...nullableTime, description: 'Since when Redis cannot be reached; null: it can.' })
  awaySince!: string | null;
}

export class HubAnswer {
  @ApiProperty({ type: 'string', nullable: true, description: 'HUB_NAME' })
  name!: string | null;

  @ApiProperty({ type: StoreAnswer })
  store!: StoreAnswer;

  @ApiProperty({
    type: [ReplicaAnswer],
    description: 'Those that share the store, as each says of itself; the one that answers first.',
  })
  replicas!: ReplicaAnswer[];

  @ApiProperty({
    type: [ReloadProblem],
    description: 'Of the last reading of apps.yaml by the one that answers.',
  })
  problems!: ReloadProblem[];
}
