import { Injectable } from '@nestjs/common';
import { AppsConfig } from '../config/reload/apps-config.service.js';

/** How an app is named in metrics: by its appid and, of a folder, by its tenant. */
@Injectable()
export class AppLabels {
  constructor(private readonly config: AppsConfig) {}

  /** Neither holds what must be escaped. */
  of(appid: string): string {
    const tenant = this.config.current.apps.get(appid)?.tenant;
    return tenant === undefined ? `appid="${appid}"` : `appid="${appid}",tenant="${tenant}"`;
  }
}
