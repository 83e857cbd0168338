import { built, problemsOf, SECRET } from './spec-support.js';

const URL_TEXT = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=simulated';
const withNotify = (...lines: string[]): string =>
  [
    'version: 1',
    `apps: [{ appid: wx1, secret: "${SECRET}" }, { appid: wx22, secret: "${SECRET}x" }]`,
    'notify:',
    ...lines,
  ].join('\n');

describe('notify', () => {
  it('reads every key, from the file itself, variables and files', () => {
    const result = built(
      withNotify(
        '  - { type: wecom, urlEnv: ROBOT_URL }',
        '  - type: dingtalk',
        '    urlFile: robot/url',
        '    secretFile: robot/secret',
        '    apps: [wx22]',
        '    language: en',
        '    events: [token_ending, recovered]',
        '    mention: [all, zhang.san]',
        '    consoleUrl: https://hub.example/console/',
        '    runbooksUrl: https://docs.example/runbooks',
        '  - { type: feishu, url: "https://open.feishu.cn/open-apis/bot/v2/hook/simulated", secretEnv: ROBOT_SECRET }',
        '  - { type: webhook, url: "http://127.0.0.1:8080/hook", secret: plain }',
      ),
      {
        env: { ROBOT_URL: URL_TEXT, ROBOT_SECRET: 'from-env' },
        files: { '/etc/hub/robot/url': `${URL_TEXT}2\n`, '/etc/hub/robot/secret': 'from-file\n' },
      },
    );
    const shown = result.notify.map(({ url, secret, ...rest }) => ({
      ...rest,
      url: url.reveal(),
      secret: secret?.reveal(),
    }));
    expect(shown).toEqual([
      {
        type: 'wecom',
        url: URL_TEXT,
        secret: undefined,
        apps: undefined,
        language: 'zh',
        events: undefined,
        mention: [],
        consoleUrl: undefined,
        runbooksUrl: undefined,
      },
      {
        type: 'dingtalk',
        url: `${URL_TEXT}2`,
        secret: 'from-file',
        apps: new Set(['wx22']),
        language: 'en',
        events: new Set(['token_ending', 'recovered']),
        mention: ['all', 'zhang.san'],
        consoleUrl: 'https://hub.example/console',
        runbooksUrl: 'https://docs.example/runbooks',
      },
      expect.objectContaining({ type: 'feishu', secret: 'from-env' }),
      expect.objectContaining({ type: 'webhook', url: 'http://127.0.0.1:8080/hook', secret: 'plain' }),
    ]);
    expect(JSON.stringify(result.notify)).not.toContain('simulated');
  });

  it.each([24, 25, 26, 32, 63, 64])('takes a signing secret of Standard Webhooks: %d bytes', (bytes) => {
    const secret = `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`;
    const { notify } = built(withNotify(`  - { type: webhook, url: "http://[::1]/", secret: "${secret}" }`));
    expect(notify[0]?.secret?.reveal()).toBe(secret);
  });

  it.each<[string[], string]>([
    [['  - { urlEnv: U }'], '4 notify[0].type: is missing: write one of wecom, dingtalk, feishu, webhook'],
    [['  - { type: slack, urlEnv: U }'], '4 notify[0].type: must be one of wecom, dingtalk, feishu, webhook'],
    [['  - { type: wecom }'], '4 notify[0]: has no url: give exactly one of url, urlEnv, urlFile'],
    [
      ['  - type: wecom', '    urlEnv: U', `    url: "${URL_TEXT}"`],
      '5 notify[0].urlEnv: stands beside url: keep exactly one of url, urlEnv, urlFile',
    ],
    [
      ['  - { type: wecom, url: "qyapi.weixin.qq.com/x" }'],
      '4 notify[0].url: must be a URL that begins with https://',
    ],
    [['  - { type: wecom, url: "ftp://x/y" }'], '4 notify[0].url: must be a URL that begins with https://'],
    [
      ['  - { type: webhook, url: "http://10.0.0.1/hook" }'],
      '4 notify[0].url: must begin with https:// (http:// is for addresses of this machine alone)',
    ],
    [
      ['  - { type: webhook, url: "http://127.0.0.1.example.com/hook" }'],
      '4 notify[0].url: must begin with https:// (http:// is for addresses of this machine alone)',
    ],
    [
      ['  - { type: webhook, url: "https://u:p@example.com/" }'],
      '4 notify[0].url: must not hold a user name or password',
    ],
    [
      ['  - { type: webhook, urlEnv: MISSING }'],
      '4 notify[0].urlEnv: the environment variable named here is not set: set it where the hub is started',
    ],
    [
      ['  - { type: webhook, urlEnv: BAD_URL }'],
      '4 notify[0].urlEnv: the environment variable BAD_URL must be a URL that begins with https://',
    ],
    [
      ['  - { type: webhook, urlFile: empty }'],
      '4 notify[0].urlFile: the file is empty: write the URL of the robot into it',
    ],
    [
      ['  - { type: feishu, urlEnv: U, secretFile: empty }'],
      '4 notify[0].secretFile: the file is empty: write the signing secret into it',
    ],
    ...[
      'whsec_',
      'whsec_short',
      `whsec_${'A'.repeat(31)}`,
      `whsec_${'A'.repeat(33)}`,
      `whsec_${'_'.repeat(32)}`,
      `whsec_${'A'.repeat(92)}`,
    ].map(
      (secret) =>
        [
          [`  - { type: webhook, urlEnv: U, secret: "${secret}" }`],
          '4 notify[0].secret: begins with whsec_, and base64 of 24 to 64 bytes does not follow: copy the signing secret again',
        ] as [string[], string],
    ),
    [
      ['  - { type: wecom, urlEnv: U, secret: x }'],
      '4 notify[0].secret: has no use: robots of WeCom do not take signatures',
    ],
    [
      ['  - { type: wecom, urlEnv: U, apps: [wx1, wx2] }'],
      '4 notify[0].apps[1]: is not the appid of an app of this file (did you mean "wx1"?): correct or remove it',
    ],
    [
      ['  - { type: wecom, urlEnv: U, apps: [] }'],
      '4 notify[0].apps: is an empty list: list at least one appid, or remove the key to be told of all apps',
    ],
    [['  - { type: wecom, urlEnv: U, language: de }'], '4 notify[0].language: must be one of zh, en'],
    [
      ['  - { type: wecom, urlEnv: U, events: [down] }'],
      '4 notify[0].events[0]: must be one of token_ending, wrong_secret, not_whitelisted, quota_gone, refused, ticket_failing, recovered, forced_refresh, token_contested, key_expiring, config_refused, secret_missing, store_away, state_unwritten, certificate_expiring',
    ],
    [
      ['  - { type: wecom, urlEnv: U, mention: ["<at>"] }'],
      '4 notify[0].mention[0]: must be all, a mobile number, or an id as the robot knows it, of A-Z a-z 0-9 _ + . -',
    ],
    [
      ['  - { type: wecom, urlEnv: U, consoleUrl: "https://h/#x" }'],
      '4 notify[0].consoleUrl: must be an address that begins with https:// or http://, without query and fragment',
    ],
    [
      ['  - { type: wecom, urlEnv: U, hook: x }'],
      '4 notify[0].hook: is not a known key. Known: type, url, urlEnv, urlFile, secret, secretEnv, secretFile, apps, language, events, mention, consoleUrl, runbooksUrl',
    ],
    [['  type: wecom'], '3 notify: must be a list, as in - { type: wecom, urlEnv: WECOM_ROBOT_URL }'],
  ])('%j: %s', (lines, problem) => {
    const files = {
      env: { U: URL_TEXT, BAD_URL: 'not-a-url-but-simulated' },
      files: { '/etc/hub/empty': '\n' },
    };
    expect(problemsOf(withNotify(...lines), files)).toEqual([problem]);
  });
});
