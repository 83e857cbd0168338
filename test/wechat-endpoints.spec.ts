import { readFileSync } from 'node:fs';
import { NEVER_FORWARDED } from '../src/gateway/rules/never-forwarded.js';
import { judgeTarget } from '../src/gateway/rules/target.js';

/**
 * The gateway's rules, walked through what WeChat and WeCom have: the paths that public SDKs call, in
 * test/support/wechat-endpoints.txt. A path that sounds as if it dealt in credentials is decided, one way or the other.
 */

const endpoints = readFileSync(new URL('support/wechat-endpoints.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

const isForwarded = (path: string) => judgeTarget(path).ok;

/** Words of paths that take, return or reset what gives access. */
const SOUNDS_LIKE_CREDENTIALS =
  /token|secret|ticket|quota|\brid\b|session|authorizer|permanent|suite|provider|login|oauth|authcode|preauth|signkey|encryptkey/i;

/** Forwarded all the same, and why: nothing in their answers or parameters opens what the app's token opens. */
const HARMLESS: Readonly<Record<string, string>> = {
  '/bizwifi/openplugin/token': 'a token for one page of a plug-in',
  '/cgi-bin/express/business/quota/get': 'parcels',
  '/cgi-bin/externalcontact/customer_acquisition_quota': 'counts of customers',
  '/cgi-bin/miniprogram/jscode2session':
    'the login of WeCom: takes a code and no secret, returns one user’s session',
  '/cgi-bin/miniprogram/transfer_session': 'one user’s session, which the caller already has',
  '/cgi-bin/oa/vacation/getuservacationquota': 'holidays',
  '/cgi-bin/oa/vacation/setoneuserquota': 'holidays',
  '/cgi-bin/openapi/quota/get': 'reads a count',
  '/customservice/kfsession/close': 'a conversation',
  '/customservice/kfsession/create': 'a conversation',
  '/customservice/kfsession/getsession': 'a conversation',
  '/customservice/kfsession/getsessionlist': 'conversations',
  '/customservice/kfsession/getwaitcase': 'who waits',
  '/redpacketcover/wxapp/cover_url/get_by_token': 'a cover’s own token',
  '/tcb/getqcloudtoken': 'keys of the cloud that the app’s own backends work with, none of the app’s token',
  '/wxa/business/getuserencryptkey': 'one user’s key, for a caller that has the user’s session',
  '/wxa/checksession': 'says yes or no about a session that the caller has',
  '/wxa/getsnticket': 'a ticket for one device',
  '/wxa/queryquota': 'reads a count',
  '/wxa/resetusersessionkey': 'one user’s session, which the caller already has',
};

describe('all endpoints that are known', () => {
  it('are many, each once', () => {
    expect(endpoints.length).toBeGreaterThan(1200);
    expect(new Set(endpoints).size).toBe(endpoints.length);
  });

  it('none that sounds like credentials is forwarded undecided', () => {
    const undecided = endpoints.filter(
      (path) => SOUNDS_LIKE_CREDENTIALS.test(path) && isForwarded(path) && !(path in HARMLESS),
    );
    expect(undecided).toEqual([]);
  });

  it('nothing is called harmless that is not forwarded, or not there', () => {
    expect(Object.keys(HARMLESS).filter((path) => !isForwarded(path) || !endpoints.includes(path))).toEqual(
      [],
    );
  });

  it('what is never forwarded is what deals in credentials: nobody loses an ordinary endpoint', () => {
    const never = endpoints.filter((path) => !isForwarded(path));
    expect(never.length).toBeGreaterThan(40);
    const families = /^\/(?:sns|cgi-bin\/(?:component|service))\//;
    expect(never.filter((path) => !families.test(path))).toEqual([
      '/cgi-bin/clear_quota',
      '/cgi-bin/clear_quota/v2',
      '/cgi-bin/corpgroup/corp/gettoken',
      '/cgi-bin/get_jsapi_ticket',
      '/cgi-bin/gettoken',
      '/cgi-bin/openapi/quota/clear',
      '/cgi-bin/openapi/rid/get',
      '/cgi-bin/stable_token',
      '/cgi-bin/ticket/get',
      '/cgi-bin/ticket/getticket',
      '/cgi-bin/token',
    ]);
  });

  it('every row of the table stands for an endpoint that there is, and says why', () => {
    for (const { path, takes, returns, resets } of NEVER_FORWARDED) {
      const begins = path.replace(/\*$/, '');
      expect([path, endpoints.some((one) => one.startsWith(begins))]).toEqual([path, true]);
      expect([path, takes ?? returns ?? resets]).not.toEqual([path, undefined]);
      expect(path).toBe(path.toLowerCase());
    }
  });
});

/** The second column of the table in the documents, in the words of either language. */
describe.each(['docs/gateway.md', 'docs/gateway.zh-CN.md'])('%s', (file) => {
  const rows = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^\| `\/[^`]*` \|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has each row of the table, in its order, and no other', () => {
    expect(rows.map(([, path]) => path)).toEqual(NEVER_FORWARDED.map(({ path }) => `\`${path}\``));
  });

  it('says of each what it takes, returns and resets, and where the hub has it', () => {
    for (const [index, { takes, returns, resets, instead }] of NEVER_FORWARDED.entries()) {
      const [, path, ...cells] = rows[index] ?? [];
      const said = cells.slice(0, 4).map((cell) => cell !== '');
      const wanted = [takes, returns, resets, instead].map((part) => part !== undefined);
      expect([path, ...said]).toEqual([path, ...wanted]);
      if (instead !== undefined) expect(cells[3]).toContain(`\`${instead}\``);
    }
  });
});
