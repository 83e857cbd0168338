import type { AppKindName } from '../../core/app.js';
import type { KindCalls } from './kind-calls.js';
import { AUTHORIZER_CALLS, PLATFORM_CALLS } from './platform-calls.js';
import { WECHAT_CALLS } from './wechat-calls.js';
import { WECOM_CALLS } from './wecom-calls.js';

export const CALLS: Readonly<Record<AppKindName, KindCalls>> = {
  wechat: WECHAT_CALLS,
  wecom: WECOM_CALLS,
  platform: PLATFORM_CALLS,
  authorizer: AUTHORIZER_CALLS,
};
