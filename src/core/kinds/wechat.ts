import { ERRCODE_ROWS } from '../wechat-error.js';
import type { AppKind } from './app-kind.js';

/** A mini program, an official account, and whatever else api.weixin.qq.com gives tokens for an AppSecret. */
export const WECHAT: AppKind = {
  name: 'wechat',
  tokenApis: ['stable_token', 'token'],
  tickets: ['jsapi', 'wx_card'],
  ticketLooks: 120,
  errcodes: ERRCODE_ROWS,
  baseUrlVariable: 'HUB_WECHAT_BASE_URL',
  logsUsersIn: true,
  hasQuotas: true,
  addressRefusedWith: undefined,
};
