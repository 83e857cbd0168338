import { NOTICE_KINDS } from '../../src/notices/notice.js';
import { Notices } from '../../src/notices/notices.service.js';
import { NoticeBench } from '../support/notice-bench.js';
import type { RobotServer } from '../support/robot-server.js';
import { bearer, testKey, type AppEntry } from '../support/start-hub.js';

/** What operators read in their groups, from the real hub, on robots that check what they are sent. */

const KEY = testKey('operator');
const OPERATOR = { id: 'operator', key: KEY, apps: '*', may: ['admin', 'read'] };
const SHOP = { appid: 'wx-shop', name: 'Shop', secret: 'simulated-secret-of-wx-shop' };
const NEWS = { appid: 'wx-news', secret: 'simulated-secret-of-wx-news' };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const bench = NoticeBench.forEachTest();
const robot = (type: RobotServer['type'], secret?: string) => bench.robot(type, secret);
const start = (
  notify: readonly Record<string, unknown>[],
  apps: readonly AppEntry[] = [SHOP, NEWS],
  clients: readonly Record<string, unknown>[] = [OPERATOR],
) => bench.start({ apps, clients, notify });
const pass = (ms: number) => bench.pass(ms);

/** What the metrics say that became of the messages to robots of this type, where it is something. */
async function counted(type: RobotServer['type']): Promise<Record<string, number>> {
  const { text } = await bench.virtual.hub.get(`${bench.virtual.hub.opsUrl}/metrics`);
  const lines = text.matchAll(/^wxhub_notices_total\{type="(\w+)",result="(\w+)"\} (\d+)$/gm);
  const results = [...lines].flatMap(([, of, result, count]) =>
    of === type && count !== '0' ? [[result, Number(count)]] : [],
  );
  return Object.fromEntries(results) as Record<string, number>;
}

const texts = ({ messages }: RobotServer) => messages.map(({ text }) => text);

it('tells each robot in its form, signed, in its language, once', async () => {
  const wecom = await robot('wecom');
  const dingtalk = await robot('dingtalk', 'SEC-signing-secret-of-dingtalk');
  const feishu = await robot('feishu', 'signing-secret-of-feishu');
  const webhook = await robot('webhook', `whsec_${Buffer.alloc(24, 'signing secret').toString('base64')}`);
  await start([
    wecom.entry(),
    dingtalk.entry({ language: 'en' }),
    feishu.entry(),
    webhook.entry({ language: 'en' }),
  ]);
  bench.virtual.simulator.setSecret('wx-shop', 'simulated-secret-that-was-reset');
  await pass(30 * MINUTE);

  expect(wecom.messages.map(({ body }) => body)).toEqual([
    {
      msgtype: 'markdown',
      markdown: {
        content: expect.stringMatching(/^\*\*<font color="warning">wechat-token-hub: AppSecret 错误<\/font>/),
      },
    },
  ]);
  expect(texts(wecom)[0]).toMatch(
    /> 应用 Shop（wx-shop）：token 还能用约 1 小时 5\d 分钟\n> 原因：AppSecret 错误或已被重置（40125）\n> 怎么办：.*重新加载/,
  );
  expect(dingtalk.messages[0]?.body).toMatchObject({
    msgtype: 'markdown',
    markdown: {
      title: 'wechat-token-hub: AppSecret wrong',
      text: expect.stringMatching(/^### wechat-token-hub/),
    },
  });
  expect(texts(dingtalk)[0]).toMatch(/App Shop \(wx-shop\): its token lives for another 1 h 5\d min/);
  expect(texts(dingtalk)[0]).toMatch(/What to do: Put the current one where apps\.yaml points/);
  expect(feishu.messages[0]?.body).toMatchObject({
    msg_type: 'interactive',
    card: { header: { template: 'red', title: { content: 'wechat-token-hub: AppSecret 错误' } } },
  });
  expect(webhook.messages[0]?.body).toMatchObject({
    kind: 'wrong_secret',
    at: expect.stringMatching(/^2026-01-01T00:\d\d/),
    title: 'AppSecret wrong',
    count: 1,
    notices: [{ appid: 'wx-shop', name: 'Shop', errcode: 40125, reason: '40125', hint: expect.any(String) }],
  });
  for (const { type, messages } of bench.robots) {
    expect(messages).toHaveLength(1);
    expect(await counted(type)).toEqual({ sent: 1 });
  }
});

it('names the address that WeChat saw where it is not on the whitelist', async () => {
  const wecom = await robot('wecom');
  await start([wecom.entry({ language: 'en' })]);
  bench.virtual.simulator.setWhitelist('wx-news', ['192.0.2.1']);
  await pass(10 * MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  expect(texts(wecom)[0]).toMatch(/Address not on the IP whitelist/);
  expect(texts(wecom)[0]).toMatch(/What to do: Put 127\.0\.0\.1 on the app's IP whitelist/);
});

it('tells when a failing app’s token ends within ten minutes, and when it is well again, after that lasted', async () => {
  const wecom = await robot('wecom');
  await start([wecom.entry({ language: 'en' })], [SHOP]);
  const outage = bench.virtual.simulator.fault({
    kind: 'errcode',
    errcode: -1,
    errmsg: 'system error',
    times: Infinity,
  });
  await pass(109 * MINUTE);
  expect(texts(wecom)).toEqual([]);
  await pass(2 * MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  expect(texts(wecom)[0]).toMatch(
    /Renewal fails; .*\n> App Shop \(wx-shop\): its token lives for another (9|10) min\n> Cause: WeChat is busy/,
  );
  await pass(15 * MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  outage.clear();
  await pass(MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  await pass(2 * MINUTE);
  expect(texts(wecom)).toHaveLength(2);
  expect(texts(wecom)[1]).toMatch(
    /Recovered<\/font>\*\*\n> App Shop \(wx-shop\): renewal works again \(before: Renewal fails/,
  );
});

it('does not repeat a condition that comes and goes within an hour, but says when it stays after that', async () => {
  const wecom = await robot('wecom');
  await start([wecom.entry({ language: 'en', apps: ['wx-shop'] })]);
  const refresh = () => bench.virtual.hub.post('/admin/apps/wx-shop/refresh', {}, bearer(KEY));
  const flap = async (broken: boolean, forMs: number) => {
    bench.virtual.simulator.setWhitelist('wx-shop', broken ? ['192.0.2.1'] : undefined);
    await refresh();
    await pass(forMs);
  };
  await flap(true, MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  // Back for less than two minutes: the same episode, no word of it.
  await flap(false, MINUTE);
  await flap(true, MINUTE);
  expect(texts(wecom)).toHaveLength(1);
  await flap(false, 5 * MINUTE);
  expect(texts(wecom)).toHaveLength(2);
  expect(texts(wecom)[1]).toContain('Recovered');
  for (let times = 0; times < 3; times++) {
    await flap(true, 3 * MINUTE);
    await flap(false, 3 * MINUTE);
  }
  expect(texts(wecom)).toHaveLength(2);
  await flap(true, 50 * MINUTE);
  expect(texts(wecom)).toHaveLength(3);
  expect(texts(wecom)[2]).toContain('Address not on the IP whitelist');
});

it('hundreds of apps that fail together are one message', async () => {
  const dingtalk = await robot('dingtalk', 'SEC-signing-secret-of-dingtalk');
  const wecom = await robot('wecom');
  const apps = Array.from({ length: 300 }, (_, index) => ({
    appid: `wx-many-${index}`,
    name: '一个名字很长很长很长很长很长很长很长很长很长很长的小程序',
    secret: `simulated-secret-of-many-${index}`,
  }));
  await start([dingtalk.entry({ language: 'en' }), wecom.entry()], apps);
  bench.virtual.simulator.fault({
    kind: 'errcode',
    errcode: 45009,
    errmsg: 'reach max api daily quota limit',
    times: Infinity,
  });
  await pass(7 * MINUTE);
  const told = dingtalk.messages
    .map(({ body }) => /: (\d+) apps/.exec(body.markdown.title)?.[1] ?? '1')
    .map(Number);
  // Their attempts are spread over a minute: first those of ten seconds, then the rest.
  expect(told.length).toBeLessThanOrEqual(3);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(300);
  expect(texts(dingtalk).at(-1)).toMatch(/… and \d+ more/);
  expect(texts(dingtalk)[0]).toContain('Quota of the day used up');
  expect(texts(wecom)).toHaveLength(told.length);
  expect(texts(wecom)[0]).toContain('怎么办：');
}, 60_000);

it('tells of forced refreshes and who made them', async () => {
  const feishu = await robot('feishu', 'signing-secret-of-feishu');
  await start([feishu.entry({ language: 'en' })]);
  const force = () => bench.virtual.hub.post('/admin/apps/wx-shop/refresh', { force: true }, bearer(KEY));
  expect((await force()).status).toBe(200);
  expect((await force()).status).toBe(429);
  await pass(15_000);
  expect(texts(feishu)).toEqual([
    expect.stringMatching(
      /A forced refresh was made\nApp Shop \(wx-shop\): by client operator; there is a new token, .*; 19 left in these 24 hours/,
    ),
  ]);
});

it('tells of a key 14, 3 and 1 days before its end, once each', async () => {
  const wecom = await robot('wecom');
  const expiresAt = new Date(bench.clock.wallNow() + 15 * DAY).toISOString();
  const client = {
    id: 'billing',
    apps: '*',
    keys: [{ id: '2026', sha256: 'ab'.repeat(32), expiresAt }],
  };
  await start([wecom.entry({ language: 'en' })], [{ ...SHOP, reconcileSeconds: 3600 }], [OPERATOR, client]);
  const stages: number[] = [];
  const until = async (days: number) => {
    bench.clock.jumpWall(days * DAY);
    await pass(11 * MINUTE);
    stages.push(wecom.messages.length);
  };
  await until(0);
  await until(1);
  await until(1);
  await until(10);
  await until(2);
  await until(0);
  await until(1);
  expect(stages).toEqual([0, 1, 1, 2, 3, 3, 3]);
  expect(texts(wecom)[1]).toMatch(
    /A hub key is about to expire.*\n> Key 2026 of client billing: expires 2026-01-16 \d\d:00 UTC.*, in less than 3 days/,
  );
});

it('tells a target only of its apps and events', async () => {
  const wecom = await robot('wecom');
  const webhook = await robot('webhook');
  await start([
    wecom.entry({ apps: ['wx-news'] }),
    webhook.entry({ events: ['not_whitelisted', 'recovered'] }),
  ]);
  bench.virtual.simulator.setSecret('wx-shop', 'simulated-secret-that-was-reset');
  bench.virtual.simulator.setWhitelist('wx-news', ['192.0.2.1']);
  await pass(10 * MINUTE);
  expect(texts(wecom)).toEqual([expect.stringContaining('wx-news')]);
  expect(webhook.messages.map(({ body }) => body.kind)).toEqual(['not_whitelisted']);
});

it('takes over what a reload changes', async () => {
  const before = await robot('wecom');
  const after = await robot('feishu', 'signing-secret-of-feishu');
  await start([before.entry()]);
  bench.virtual.hub.writeApps([SHOP, NEWS], [OPERATOR], [after.entry()]);
  expect((await bench.virtual.hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(200);
  bench.virtual.simulator.setSecret('wx-shop', 'simulated-secret-that-was-reset');
  await pass(10 * MINUTE);
  expect(texts(before)).toEqual([]);
  expect(texts(after)).toHaveLength(1);
  bench.virtual.hub.writeApps([SHOP, NEWS], [OPERATOR], [{ type: 'wecom', url: 'http://example.com/robot' }]);
  const refused = await bench.virtual.hub.post('/admin/reload', undefined, bearer(KEY));
  expect(refused.json.problems).toEqual([
    {
      path: 'notify[0].url',
      line: expect.any(Number),
      message: 'must begin with https:// (http:// is for addresses of this machine alone)',
    },
  ]);
});

describe('a robot that does not take a message', () => {
  const failing = async () => {
    bench.virtual.simulator.setSecret('wx-shop', 'simulated-secret-that-was-reset');
    await bench.virtual.hub.post('/admin/apps/wx-shop/refresh', {}, bearer(KEY));
  };
  const logged = (msg: string) =>
    bench.virtual.hub.log.map((line) => JSON.parse(line)).filter((line) => line.msg === msg);

  it.each([
    ['DingTalk: too fast', 'dingtalk', { code: 130101, message: 'send too fast' }, 10 * MINUTE],
    ['Feishu: too many', 'feishu', { code: 11232, message: 'frequency limited' }, MINUTE],
    ['WeCom: too many', 'wecom', { code: 45009, message: 'api freq out of limit' }, MINUTE],
    ['a webhook that is busy', 'webhook', { status: 503, retryAfter: 120 }, 2 * MINUTE],
    ['an HTTP error', 'wecom', { status: 502 }, 2000],
    ['silence', 'wecom', 'silent', 7000],
  ] as const)(
    '%s: it is tried again after the wait that is asked for',
    async (_what, type, fault, waitMs) => {
      const target = await robot(type);
      await start([target.entry()]);
      target.fail(fault);
      await failing();
      await pass(18_000);
      expect(target.attempts).toBe(fault === 'silent' ? 1 : waitMs < 5000 ? 2 : 1);
      await pass(waitMs);
      expect(target.messages).toHaveLength(1);
      expect(target.attempts).toBe(2);
      // By its id the receiver of a webhook knows that it is the same message.
      const ids = new Set(target.ids);
      expect([...ids]).toEqual(type === 'webhook' ? [expect.stringMatching(/^msg_[0-9a-f]{32}$/)] : []);
    },
  );

  it.each([
    ['dingtalk', 310000, 'keywords not in content'],
    ['feishu', 19021, 'sign match fail or timestamp is not within one hour from current time'],
    ['wecom', 93000, 'invalid webhook url'],
  ] as const)(
    '%s says %i, which does not pass by itself: given up, and logged without the URL',
    async (type, code, message) => {
      const target = await robot(type, type === 'wecom' ? undefined : 'signing-secret-of-a-robot');
      await start([target.entry()]);
      target.fail({ code, message: `${message} ${target.url} signing-secret-of-a-robot` });
      await failing();
      await pass(15 * MINUTE);
      expect(target.attempts).toBe(1);
      expect(await counted(type)).toEqual({ failed: 1 });
      const [line] = logged('a notice could not be sent and is given up');
      expect(line).toMatchObject({
        level: 'warn',
        type,
        why: `${code} ${message} [redacted] ${type === 'wecom' ? 'signing-secret-of-a-robot' : '[redacted]'}`,
      });
    },
  );

  it('is tried five times in all, while the hub serves on', async () => {
    const target = await robot('webhook');
    await start([target.entry()]);
    target.fail(...Array.from({ length: 9 }, () => ({ status: 500 })));
    await failing();
    await pass(20 * MINUTE);
    expect(target.attempts).toBe(5);
    expect(logged('a notice could not be sent and is given up')).toHaveLength(1);
    expect(await counted('webhook')).toEqual({ failed: 1 });
    expect((await bench.virtual.hub.get('/v1/apps/wx-shop/token', bearer(KEY))).status).toBe(200);
  });

  it('the oldest of too many that wait for a robot is dropped, and counted', async () => {
    const target = await robot('webhook');
    await start([target.entry()]);
    target.fail(...Array.from({ length: 99 }, () => ({ status: 500 })));
    const notices = bench.virtual.hub.app.get(Notices);
    const dropped = () => logged('a notice was dropped: too many wait for this robot').length;
    // Of each kind one message in five minutes; of one robot one is given up in six.
    for (let round = 0; dropped() === 0 && round < 15; round++) {
      for (const kind of NOTICE_KINDS) {
        notices.add([kind], {
          key: 'any',
          subject: { appid: 'wx-shop' },
          ripe: () => Promise.resolve({ appid: 'wx-shop' }),
        });
      }
      await pass(5 * MINUTE);
    }
    expect(dropped()).toBeGreaterThan(0);
    expect(await counted('webhook')).toMatchObject({ dropped: dropped() });
  });
});
