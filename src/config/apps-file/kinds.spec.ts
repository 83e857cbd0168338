import { buildApp } from './data.js';
import { load, problemsOf, SECRET, withApp } from './spec-support.js';

const SALES = ['- appid: corp-sales', `  secret: ${SECRET}`, '  kind: wecom', '  corpid: ww1'];

function appsOf(text: string) {
  const result = load(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.data.apps.map(buildApp);
}

describe('apps of WeCom', () => {
  it('have a corporation, and perhaps an agent and a host of their own', () => {
    const apps = appsOf(
      withApp(
        ...SALES,
        '  agentId: 1000002',
        '  baseUrl: https://wecom.corp.example/x/',
        '  tickets: [agent_config]',
      ),
    );
    expect(apps[0]).toMatchObject({
      kind: 'wecom',
      appid: 'corp-sales',
      corpid: 'ww1',
      agentId: 1000002,
      baseUrl: 'https://wecom.corp.example/x',
      tokenApi: 'gettoken',
      tickets: ['agent_config'],
    });
  });

  it('take of the defaults what is for their kind', () => {
    const apps = appsOf(
      [
        'version: 1',
        'defaults: { kind: wecom, corpid: ww1, tokenApi: token, tickets: [jsapi, wx_card] }',
        'apps:',
        `- { appid: corp-sales, secret: ${SECRET} }`,
        `- { appid: wx1, secret: ${SECRET}x, kind: wechat }`,
      ].join('\n'),
    );
    expect(apps).toMatchObject([
      { kind: 'wecom', corpid: 'ww1', tokenApi: 'gettoken', tickets: ['jsapi'] },
      { kind: 'wechat', corpid: undefined, tokenApi: 'token', tickets: ['jsapi', 'wx_card'] },
    ]);
  });

  it.each<[string, string[], RegExp]>([
    ['without a corpid', SALES.slice(0, 3), /has no corpid/],
    ['of a kind that there is not', [...SALES.slice(0, 2), '  kind: wework'], /must be one of wechat, wecom/],
    ['with a token API of WeChat', [...SALES, '  tokenApi: token'], /tokenApi: has no use.*kind: wechat/],
    ['with a ticket of WeChat', [...SALES, '  tickets: [wx_card]'], /no ticket of kind: wecom.*agent_config/],
    ['with a host and a key', [...SALES, '  baseUrl: https://me:pw@host'], /must not hold a user name/],
    ['with a host that is none', [...SALES, '  baseUrl: wecom.corp.example'], /must be an http/],
    ['with a query', [...SALES, '  baseUrl: "https://host/?a"'], /query or fragment/],
    [
      'whose keys are an app of WeChat’s',
      [...SALES.slice(0, 2), '  corpid: ww1'],
      /corpid: has no use.*wecom/,
    ],
    ['whose ticket is', [...SALES.slice(0, 2), '  tickets: [agent_config]'], /no ticket of kind: wechat/],
  ])('%s are a problem', (_what, lines, words) => {
    expect(problemsOf(withApp(...lines))).toEqual([expect.stringMatching(words)]);
  });
});
