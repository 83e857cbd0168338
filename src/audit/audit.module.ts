import { Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuditSources } from './audit-sources.js';
import { AuditTrail } from './audit-trail.js';

/** Who did what. Clock and events come from global modules. */
@Module({ providers: [AuditTrail, AuditSources, AuditLog], exports: [AuditTrail] })
export class AuditModule {}
