import { Module } from '@nestjs/common';
import { AuditSources } from './audit-sources.js';
import { AuditTrail } from './audit-trail.js';

/** Who did what. Clock and events come from global modules. */
@Module({ providers: [AuditTrail, AuditSources], exports: [AuditTrail] })
export class AuditModule {}
