import type { TokenBody } from './credentials.js';
import { WeChatModel, type CredentialCall } from './wechat-model.js';
import type { WeChatModelOptions } from './wechat-world.js';

const APPID = 'wx-simulated-1';
const SECRET = 'simulated-secret-1';
const IP = '127.0.0.1';
/** 10:00 in China: far from the turn of a day. */
const START = Date.UTC(2026, 0, 15, 2);
const LIFE = 7_200_000;
const HANDOVER = LIFE - 300_000;

class Scene {
  now = START;
  readonly model: WeChatModel;

  constructor(options: Partial<WeChatModelOptions> = {}) {
    this.model = new WeChatModel({
      now: () => this.now,
      apps: [{ appid: APPID, secret: SECRET }],
      ...options,
    });
  }

  call(changes: Partial<CredentialCall> = {}): CredentialCall {
    return { grantType: 'client_credential', appid: APPID, secret: SECRET, ip: IP, ...changes };
  }

  plain(changes?: Partial<CredentialCall>): TokenBody {
    return granted(this.model.token(this.call(changes)));
  }

  stable(forceRefresh = false): TokenBody {
    return granted(this.model.stableToken({ ...this.call(), forceRefresh }));
  }

  errcode(body: object): unknown {
    return 'errcode' in body ? body.errcode : undefined;
  }

  tokenErrcode(token: string): unknown {
    return this.errcode(this.model.checkAccessToken(token, IP));
  }
}

function granted(body: object): TokenBody {
  expect(body).toEqual({ access_token: expect.any(String), expires_in: expect.any(Number) });
  return body as TokenBody;
}

describe('tokens', () => {
  it('are unique, URL-safe, of the length seen, and plainly fakes', () => {
    const scene = new Scene({ quotas: { tokenPerDay: Number.POSITIVE_INFINITY } });
    const tokens = Array.from({ length: 500 }, () => scene.plain().access_token);
    expect(new Set(tokens).size).toBe(500);
    for (const token of tokens) expect(token).toMatch(/^\d\d_SIMULATED-[A-Za-z0-9_-]{123,177}$/);
    const lengths = tokens.map((token) => token.length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(136);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(190);
  });

  it.each([
    ['at birth', 0, true],
    ['1 ms before its end', LIFE - 1, true],
    ['at its end', LIFE, false],
    ['1 ms past its end', LIFE + 1, false],
  ])('%s: alive is %s', (_when, age, alive) => {
    const scene = new Scene();
    const { access_token } = scene.plain();
    scene.now += age;
    expect(scene.model.isAlive(access_token)).toBe(alive);
    expect(scene.tokenErrcode(access_token)).toBe(alive ? undefined : 42001);
  });

  it('take their life from the app, else from the model, and a change concerns later ones', () => {
    const scene = new Scene({
      tokenLifeSeconds: 100,
      apps: [
        { appid: APPID, secret: SECRET },
        { appid: 'wx-short', secret: SECRET, tokenLifeSeconds: 20 },
      ],
    });
    const first = scene.plain();
    expect(first.expires_in).toBe(100);
    expect(scene.plain({ appid: 'wx-short' }).expires_in).toBe(20);
    scene.model.setTokenLife(50);
    scene.model.setTokenLife(30, 'wx-short');
    expect(scene.plain().expires_in).toBe(50);
    expect(scene.plain({ appid: 'wx-short' }).expires_in).toBe(30);
    expect(scene.model.validity(first.access_token)?.expiresAt).toBe(START + 100_000);
  });

  it('of the two families never touch each other', () => {
    const scene = new Scene();
    const plain = scene.plain().access_token;
    const stable = scene.stable().access_token;
    scene.stable(true);
    expect(scene.model.isAlive(plain)).toBe(true);
    expect(scene.model.isAlive(stable)).toBe(false);
    const second = scene.stable().access_token;
    scene.plain();
    scene.model.killToken(APPID, 'token');
    expect(scene.model.isAlive(second)).toBe(true);
  });
});

describe('GET /cgi-bin/token', () => {
  it.each([
    ['1 ms before the overlap ends', 299_999, true],
    ['when the overlap ends', 300_000, false],
    ['1 ms later', 300_001, false],
  ])('a replaced token %s', (_when, afterwards, alive) => {
    const scene = new Scene();
    const { access_token } = scene.plain();
    scene.now += 1000;
    scene.plain();
    scene.now += afterwards;
    expect(scene.model.isAlive(access_token)).toBe(alive);
    expect(scene.tokenErrcode(access_token)).toBe(alive ? undefined : 40001);
  });

  it('never lets the overlap prolong a life', () => {
    const scene = new Scene();
    const { access_token } = scene.plain();
    scene.now += LIFE - 1000;
    scene.plain();
    scene.now += 1000;
    expect(scene.tokenErrcode(access_token)).toBe(42001);
  });

  it('gives each replaced token a death of its own', () => {
    const scene = new Scene();
    const tokens = [0, 1, 2].map(() => {
      scene.now += 100_000;
      return scene.plain().access_token;
    });
    const deaths = tokens.map((token) => scene.model.validity(token)!.diesAt - START);
    expect(deaths).toEqual([500_000, 600_000, 300_000 + LIFE]);
  });
});

describe('POST /cgi-bin/stable_token, normal mode', () => {
  it.each([
    ['at once', 0, true, 7200],
    ['after 999 ms', 999, true, 7199],
    ['1 ms before the handover', HANDOVER - 1, true, 300],
    ['at the handover', HANDOVER, false, 7200],
    ['1 ms after the handover', HANDOVER + 1, false, 7200],
    ['past its end', LIFE + 1, false, 7200],
  ])('%s', (_when, age, same, expiresIn) => {
    const scene = new Scene();
    const first = scene.stable();
    scene.now += age;
    const second = scene.stable();
    expect(second.access_token === first.access_token).toBe(same);
    expect(second.expires_in).toBe(expiresIn);
    expect(scene.model.mints()).toBe(same ? 1 : 2);
  });

  it('lets the old token live to its own end', () => {
    const scene = new Scene();
    const { access_token } = scene.stable();
    scene.now += HANDOVER;
    scene.stable();
    expect(scene.model.validity(access_token)?.diesAt).toBe(START + LIFE);
  });

  it.each([
    ['a quarter of a short life', { tokenLifeSeconds: 40 }, 30_000],
    ['as configured', { tokenLifeSeconds: 40, handoverWindowSeconds: 5 }, 35_000],
  ])('hands over %s before the end', (_name, options, age) => {
    const scene = new Scene(options);
    const first = scene.stable().access_token;
    scene.now += age - 1;
    expect(scene.stable().access_token).toBe(first);
    scene.now += 1;
    expect(scene.stable().access_token).not.toBe(first);
  });
});

describe('POST /cgi-bin/stable_token, force_refresh', () => {
  it('kills the current token and the one before at once', () => {
    const scene = new Scene();
    const first = scene.stable().access_token;
    scene.now += HANDOVER;
    const second = scene.stable().access_token;
    const third = scene.stable(true);
    expect([first, second, third.access_token].map((token) => scene.model.isAlive(token))).toEqual([
      false,
      false,
      true,
    ]);
    expect(third.expires_in).toBe(7200);
    expect(scene.tokenErrcode(second)).toBe(40001);
  });

  it.each([
    ['1 ms too early', 29_999, false],
    ['30 s later', 30_000, true],
    ['1 ms after that', 30_001, true],
  ])('a second one %s', (_when, wait, refreshes) => {
    const scene = new Scene();
    const forced = scene.stable(true).access_token;
    scene.now += wait;
    const again = scene.stable(true).access_token;
    expect(again !== forced).toBe(refreshes);
    expect(scene.model.isAlive(forced)).toBe(!refreshes);
  });

  it('works 20 times a day; those that do not refresh do not count; the day turns at midnight in China', () => {
    const scene = new Scene();
    for (let count = 0; count < 20; count += 1) {
      scene.stable(true);
      scene.stable(true);
      scene.now += 30_000;
    }
    const refused = scene.model.stableToken({ ...scene.call(), forceRefresh: true });
    expect(scene.errcode(refused)).toBe(45009);
    expect(scene.stable().expires_in).toBeGreaterThan(0);
    scene.now = Date.UTC(2026, 0, 15, 16) - 1;
    const stillRefused = scene.model.stableToken({ ...scene.call(), forceRefresh: true });
    expect(scene.errcode(stillRefused)).toBe(45009);
    scene.now += 1;
    scene.stable(true);
  });
});

describe('quotas', () => {
  it('token: 2000 a day, until midnight in China', () => {
    const scene = new Scene();
    for (let count = 0; count < 2000; count += 1) scene.plain();
    expect(scene.errcode(scene.model.token(scene.call()))).toBe(45009);
    scene.now = Date.UTC(2026, 0, 15, 16) - 1;
    expect(scene.errcode(scene.model.token(scene.call()))).toBe(45009);
    scene.now += 1;
    scene.plain();
  });

  it('stable_token: so many a minute, until the next minute', () => {
    const scene = new Scene({ quotas: { stablePerMinute: 3 } });
    for (let count = 0; count < 3; count += 1) scene.stable();
    const call = { ...scene.call(), forceRefresh: false };
    expect(scene.errcode(scene.model.stableToken(call))).toBe(45011);
    scene.now = START + 59_999;
    expect(scene.errcode(scene.model.stableToken(call))).toBe(45011);
    scene.now = START + 60_000;
    scene.stable();
  });

  it('stable_token: so many a day, until somebody clears the quota', () => {
    const scene = new Scene({ quotas: { stablePerDay: 2 } });
    scene.stable();
    scene.stable();
    const call = { ...scene.call(), forceRefresh: false };
    expect(scene.errcode(scene.model.stableToken(call))).toBe(45009);
    scene.model.clearQuota(APPID);
    scene.stable();
  });

  it('are counted per app, and calls with a wrong AppSecret take none', () => {
    const other = { appid: 'wx-other', secret: SECRET };
    const scene = new Scene({ quotas: { tokenPerDay: 1 }, apps: [{ appid: APPID, secret: SECRET }, other] });
    scene.model.token(scene.call({ secret: 'wrong' }));
    scene.plain();
    expect(scene.errcode(scene.model.token(scene.call()))).toBe(45009);
    scene.plain({ appid: 'wx-other' });
  });
});

describe('refusals of a call with the AppSecret', () => {
  it.each<[string, Partial<CredentialCall>, number]>([
    ['no appid', { appid: undefined, secret: undefined, grantType: undefined }, 41002],
    ['unknown appid, before anything else is looked at', { appid: 'wx-none', secret: undefined }, 40013],
    ['no secret', { secret: undefined }, 41004],
    ['wrong grant_type', { grantType: 'authorization_code' }, 40002],
    ['no grant_type', { grantType: undefined }, 40002],
    ['wrong secret', { secret: 'wrong' }, 40125],
  ])('%s', (_name, changes, errcode) => {
    const scene = new Scene();
    const body = scene.model.token(scene.call(changes));
    expect(body).toEqual({
      errcode,
      errmsg: expect.stringMatching(/ rid: [0-9a-f]+-[0-9a-f]{8}-[0-9a-f]{8}$/),
    });
    const stable = scene.model.stableToken({ ...scene.call(changes), forceRefresh: false });
    expect(scene.errcode(stable)).toBe(errcode);
    expect(scene.model.mints()).toBe(0);
  });

  it('wrong secret may also be 40001', () => {
    const scene = new Scene({ wrongSecretErrcode: 40001 });
    expect(scene.errcode(scene.model.token(scene.call({ secret: 'wrong' })))).toBe(40001);
  });

  it('a reset AppSecret fails at once, tokens live on', () => {
    const scene = new Scene();
    const { access_token } = scene.stable();
    scene.model.setSecret(APPID, 'simulated-secret-2');
    expect(scene.errcode(scene.model.token(scene.call()))).toBe(40125);
    scene.plain({ secret: 'simulated-secret-2' });
    expect(scene.model.isAlive(access_token)).toBe(true);
  });

  it('a frozen app answers its errcode until it is thawed', () => {
    const scene = new Scene();
    scene.model.freeze(APPID, 40243);
    expect(scene.errcode(scene.model.token(scene.call()))).toBe(40243);
    scene.model.freeze(APPID, undefined);
    scene.plain();
  });

  it('apps accepted by rule have their state from the first call on', () => {
    const scene = new Scene({
      acceptAnyApp: (appid) => (appid.startsWith('wx-') ? `of-${appid}` : undefined),
    });
    expect(scene.model.size.apps).toBe(1);
    scene.plain({ appid: 'wx-any', secret: 'of-wx-any' });
    expect(scene.model.size.apps).toBe(2);
    expect(scene.errcode(scene.model.token(scene.call({ appid: 'zz', secret: 'of-zz' })))).toBe(40013);
  });
});

describe('the IP whitelist', () => {
  const listed = { appid: APPID, secret: SECRET, whitelist: ['192.0.2.7'] };

  it('names the address in both notations', () => {
    const scene = new Scene({ apps: [listed] });
    expect(scene.model.token(scene.call({ ip: '::ffff:198.51.100.9' }))).toEqual({
      errcode: 40164,
      errmsg: expect.stringMatching(
        /^invalid ip 198\.51\.100\.9 ipv6 ::ffff:198\.51\.100\.9, not in whitelist rid: /,
      ),
    });
    scene.plain({ ip: '192.0.2.7' });
    scene.plain({ ip: '::ffff:192.0.2.7' });
  });

  it.each([
    ['mini_program', undefined],
    ['official', 40164],
  ] as const)('%s: a call with a token gives %s', (kind, errcode) => {
    const scene = new Scene({ apps: [{ ...listed, kind }] });
    const { access_token } = scene.plain({ ip: '192.0.2.7' });
    expect(scene.errcode(scene.model.checkAccessToken(access_token, '198.51.100.9'))).toBe(errcode);
    scene.model.setWhitelist(APPID, undefined);
    expect(scene.errcode(scene.model.checkAccessToken(access_token, '198.51.100.9'))).toBe(undefined);
  });
});

describe('tickets', () => {
  it('stay the same for their life, promise all of it each time, and survive a new token', () => {
    const scene = new Scene();
    const first = scene.model.ticket(scene.stable().access_token, 'jsapi', IP);
    expect(first).toEqual({ errcode: 0, errmsg: 'ok', ticket: expect.any(String), expires_in: 7200 });
    scene.now += LIFE - 1;
    const token = scene.stable(true).access_token;
    expect(scene.model.ticket(token, 'jsapi', IP)).toEqual(first);
    scene.now += 1;
    const next = scene.model.ticket(token, 'jsapi', IP);
    expect(next).not.toEqual(first);
    expect(scene.model.isAlive((first as { ticket: string }).ticket)).toBe(false);
    expect(scene.model.ticket(token, 'wx_card', IP)).not.toEqual(next);
  });

  it('refuse a bad type, a missing token, and a ticket in place of a token', () => {
    const scene = new Scene();
    const token = scene.stable().access_token;
    expect(scene.errcode(scene.model.ticket(token, 'sdk', IP))).toBe(40097);
    expect(scene.errcode(scene.model.ticket(undefined, 'jsapi', IP))).toBe(41001);
    const { ticket } = scene.model.ticket(token, 'jsapi', IP) as { ticket: string };
    expect(scene.tokenErrcode(ticket)).toBe(40014);
  });

  it('are counted', () => {
    const scene = new Scene({ quotas: { ticketPerDay: 1 } });
    const token = scene.stable().access_token;
    scene.model.ticket(token, 'jsapi', IP);
    expect(scene.errcode(scene.model.ticket(token, 'jsapi', IP))).toBe(45009);
  });
});

describe('dead tokens', () => {
  it('unknown ones are 40014', () => {
    expect(new Scene().tokenErrcode('nonsense')).toBe(40014);
  });

  it('may all be made to give one errcode', () => {
    const scene = new Scene({ deadTokenErrcode: 42001 });
    expect(scene.tokenErrcode('nonsense')).toBe(42001);
    scene.model.setDeadTokenErrcode(40001);
    expect(scene.tokenErrcode('nonsense')).toBe(40001);
  });

  it('killed ones are replaced by the next normal call', () => {
    const scene = new Scene();
    const first = scene.stable().access_token;
    scene.now += 5000;
    scene.model.killToken(APPID, 'stable_token');
    expect(scene.model.validity(first)).toEqual({
      appid: APPID,
      family: 'stable_token',
      bornAt: START,
      expiresAt: START + LIFE,
      diesAt: START + 5000,
    });
    expect(scene.stable().access_token).not.toBe(first);
  });

  it('somebody else may force or mint, unhindered by the 30 s', () => {
    const scene = new Scene();
    const stable = scene.stable(true).access_token;
    const plain = scene.plain().access_token;
    scene.model.forceByOther(APPID);
    scene.model.mintByOther(APPID);
    expect(scene.model.isAlive(stable)).toBe(false);
    expect(scene.stable().access_token).not.toBe(stable);
    expect(scene.model.validity(plain)?.diesAt).toBe(START + 300_000);
    expect(scene.model.mints({ appid: APPID, family: 'stable_token' })).toBe(2);
    expect(scene.model.mints({ family: 'token' })).toBe(2);
  });

  it('are forgotten an hour after their death, so that memory stays bounded', () => {
    const scene = new Scene({ tokenLifeSeconds: 60, quotas: { tokenPerDay: Number.POSITIVE_INFINITY } });
    const recent: string[] = [];
    for (let count = 0; count < 20_000; count += 1) {
      scene.now += 10_000;
      recent.push(scene.plain().access_token);
    }
    expect(scene.model.size.credentials).toBeLessThan(2048);
    expect(scene.model.validity(recent[0]!)).toBeUndefined();
    for (const token of recent.slice(-360)) expect(scene.model.validity(token)).toBeDefined();
  });
});
