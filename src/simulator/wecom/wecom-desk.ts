import {
  isAliveAt,
  type Credential,
  type CredentialLedger,
  type TicketBody,
  type TokenBody,
} from '../credentials.js';
import { bareAddress, type WeChatErrorBody } from '../errors.js';
import { remainingSeconds } from '../token-rules.js';

/** An agent of a corporation, as tests register it. */
export interface SimulatedAgent {
  /** What the journal and the oracle call it: the hub's own name for it. */
  readonly appid: string;
  readonly corpid: string;
  readonly secret: string;
  /** Addresses whose calls are let pass; `gettoken` works from anywhere. Default: any. */
  readonly trustedIps?: readonly string[];
}

export interface WeComOptions {
  /** Default 7200. */
  readonly tokenLifeSeconds?: number;
  /** `constant`: each answer promises the whole life. Default `counts down`: nothing says which it is. */
  readonly expiresIn?: 'counts down' | 'constant';
  /** Default 40014, which dead tokens mostly get. */
  readonly deadTokenErrcode?: 40014 | 42001 | 40001;
  /** After so many wrong Secrets in an hour every gettoken of the address is blocked for an hour. Default 2000. */
  readonly wrongSecretsPerHour?: number;
}

interface AgentState extends SimulatedAgent {
  secret: string;
  trustedIps: readonly string[] | undefined;
  token: Credential | undefined;
  readonly tickets: Map<string, Credential>;
  readonly pathUse: Map<string, number>;
}

const HOUR_MS = 3_600_000;
const WORDS: Readonly<Record<number, string>> = {
  40001: 'invalid credential',
  40013: 'invalid corpid',
  40014: 'invalid access_token',
  40058: 'invalid Request Parameter',
  41001: 'access_token missing',
  41002: 'corpid missing',
  41004: 'corpsecret missing',
  42001: 'access_token expired',
  45009: 'api freq out of limit',
  60020: 'not allow to access from your ip',
};

/** How WeCom (qyapi.weixin.qq.com) answers: a token for each (corpid, Secret), the same one for as long as it lives. */
export class WeComDesk {
  readonly #agents = new Map<string, AgentState>();
  readonly #wrong = new Map<string, number[]>();
  #mints = 0;
  options: WeComOptions;

  constructor(
    private readonly now: () => number,
    private readonly ledger: CredentialLedger,
    agents: readonly SimulatedAgent[],
    options: WeComOptions,
  ) {
    this.options = options;
    for (const agent of agents) this.add(agent);
  }

  get mints(): number {
    return this.#mints;
  }

  add(agent: SimulatedAgent): void {
    const { trustedIps } = agent;
    const state = { token: undefined, tickets: new Map(), pathUse: new Map() };
    this.#agents.set(agent.appid, { ...agent, trustedIps, ...state });
  }

  /** Ends the token before its time. */
  killToken(appid: string): void {
    const agent = this.#get(appid);
    if (agent.token !== undefined) agent.token.diesAt = Math.min(agent.token.diesAt, this.now());
  }

  setSecret(appid: string, secret: string): void {
    this.#get(appid).secret = secret;
  }

  /** `undefined`: everybody. */
  setTrustedIps(appid: string, addresses: readonly string[] | undefined): void {
    this.#get(appid).trustedIps = addresses;
  }

  /** Who asks, by what it sends; '' where nobody is known. */
  appidOf(corpid: string | undefined, secret: string | undefined): string {
    const ofCorp = [...this.#agents.values()].filter((agent) => agent.corpid === corpid);
    return (ofCorp.find((agent) => agent.secret === secret) ?? ofCorp[0])?.appid ?? '';
  }

  gettoken(
    corpid: string | undefined,
    secret: string | undefined,
    ip: string,
  ): (TokenBody & { errcode: 0; errmsg: 'ok' }) | WeChatErrorBody {
    if (corpid === undefined || corpid === '') return this.error(41002, ip);
    if (secret === undefined || secret === '') return this.error(41004, ip);
    const ofCorp = [...this.#agents.values()].filter((agent) => agent.corpid === corpid);
    if (ofCorp.length === 0) return this.error(40013, ip);
    if (this.#isBlocked(ip)) return this.error(45009, ip);
    const agent = ofCorp.find((one) => one.secret === secret);
    if (agent === undefined) {
      this.#wrongSecret(ip);
      return this.error(40001, ip);
    }
    const now = this.now();
    const lifeSeconds = this.options.tokenLifeSeconds ?? 7200;
    if (agent.token === undefined || !isAliveAt(agent.token, now)) {
      agent.token = this.ledger.mint(agent.appid, 'gettoken', lifeSeconds * 1000, now);
      this.#mints += 1;
    }
    const isConstant = this.options.expiresIn === 'constant';
    const expires_in = isConstant ? lifeSeconds : remainingSeconds(agent.token, now);
    return { errcode: 0, errmsg: 'ok', access_token: agent.token.value, expires_in };
  }

  ticket(
    accessToken: string | undefined,
    type: 'jsapi' | 'agent_config' | undefined,
    ip: string,
  ): TicketBody | WeChatErrorBody {
    const agent = this.check(accessToken, ip);
    if ('errcode' in agent) return agent;
    if (type === undefined) return this.error(40058, ip);
    const now = this.now();
    let ticket = agent.tickets.get(type);
    if (ticket === undefined || !isAliveAt(ticket, now)) {
      ticket = this.ledger.mint(agent.appid, type, 7_200_000, now);
      agent.tickets.set(type, ticket);
    }
    return { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: 7200 };
  }

  /** The agent that a token stands for, or the refusal of the call. */
  check(
    accessToken: string | undefined,
    ip: string,
  ):
    | {
        readonly appid: string;
        readonly pathUse: Map<string, number>;
        readonly tickets: Map<string, Credential>;
      }
    | WeChatErrorBody {
    if (accessToken === undefined || accessToken === '') return this.error(41001, ip);
    const credential = this.ledger.find(accessToken);
    const agent = credential === undefined ? undefined : this.#agents.get(credential.appid);
    if (agent === undefined || credential === undefined || !isAliveAt(credential, this.now())) {
      return this.error(this.options.deadTokenErrcode ?? 40014, ip);
    }
    const address = bareAddress(ip);
    if (agent.trustedIps?.includes(address) === false) return this.error(60020, ip);
    return agent;
  }

  error(errcode: number, ip: string): WeChatErrorBody {
    const hint = `hint: [${this.now()}000000000], from ip: ${bareAddress(ip)}`;
    const more = `more info at https://open.work.weixin.qq.com/devtool/query?e=${errcode}`;
    return { errcode, errmsg: `${WORDS[errcode] ?? 'error'}, ${hint}, ${more}` };
  }

  #isBlocked(ip: string): boolean {
    const now = this.now();
    const recent = (this.#wrong.get(ip) ?? []).filter((at) => at > now - HOUR_MS);
    return recent.length >= (this.options.wrongSecretsPerHour ?? 2000);
  }

  #wrongSecret(ip: string): void {
    const now = this.now();
    const recent = (this.#wrong.get(ip) ?? []).filter((at) => at > now - HOUR_MS);
    this.#wrong.set(ip, [...recent, now]);
  }

  #get(appid: string): AgentState {
    const agent = this.#agents.get(appid);
    if (agent === undefined) throw new Error(`the simulator has no agent ${appid}`);
    return agent;
  }
}
