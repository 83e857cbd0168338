import type { AppKindName, TicketType, TokenApi } from '../app.js';
import type { ErrcodeTable } from '../wechat-error.js';

/**
 * What makes an app of one kind another thing than one of the next: the pure half, as a table. The other half, what is
 * sent and what comes back, stands in wechat-client/kinds. Scheduler, cache, store, guard and gateway know no kinds.
 */
export interface AppKind {
  readonly name: AppKindName;
  /** The families of token that its apps may use; the first is the one that is used where nothing else is said. */
  readonly tokenApis: readonly [TokenApi, ...TokenApi[]];
  readonly tickets: readonly TicketType[];
  /** A ticket whose end is not known is asked for so often in a life of two hours, as far as its API's limits allow. */
  readonly ticketLooks: number;
  /** What errcodes mean to the hub's own calls. */
  readonly errcodes: ErrcodeTable;
  /** The variable that says where its upstream is. */
  readonly baseUrlVariable: 'HUB_WECHAT_BASE_URL' | 'HUB_WECOM_BASE_URL';
  /** Logins with the AppSecret, in it: /v1/apps/{appid}/login and /sns. */
  readonly logsUsersIn: boolean;
  /** WeChat's quotas can be asked about and cleared. */
  readonly hasQuotas: boolean;
  /**
   * An errcode by which calls are refused because of the hub's address although tokens are given: only those who call
   * see it, and operators are to hear of it. `undefined`: tokens are refused then too.
   */
  readonly addressRefusedWith: number | undefined;
}
