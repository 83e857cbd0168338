import { denialHint } from '../../../src/audit/denial-hints.js';
import { describeReload } from '../../../src/events/describe-reload.js';
import { DENIAL_HINTS_ZH, detailInChinese } from './audit-details-zh.js';
import { zh } from './zh.js';

const NONE = { added: [], changed: [], removed: [] };
const brought = { ...NONE, added: ['wx1'], clients: NONE, keys: { ...NONE, removed: ['shop/2026'] } };

it.each([
  [
    describeReload({ ok: true, ...brought }),
    '应用：新增 1 (wx1), 改动 0, 删除 0; 客户端：新增 0, 改动 0, 删除 0; 密钥：新增 0, 改动 0, 删除 1 (shop/2026)',
  ],
  [describeReload({ ok: false, problems: [1] }), '1 个问题'],
  [
    describeReload({ ok: false, problems: [1, 2], brought: { ...brought, keys: NONE } }),
    '2 个问题; 应用：新增 1 (wx1), 改动 0, 删除 0; 客户端：新增 0, 改动 0, 删除 0; 密钥：新增 0, 改动 0, 删除 0',
  ],
  ['asked for admin', '所请求的操作是 admin'],
  ['from more sources than are told apart (200)', '来源超过 200 个，不再逐个区分'],
  ['words of tomorrow', 'words of tomorrow'],
])('%s', (english, chinese) => {
  expect(detailInChinese(english, undefined)).toBe(chinese);
});

it('each hint of a denial is there', () => {
  const hinted = Object.keys(zh.audit.words).filter((reason) => denialHint(reason) !== undefined);
  expect(hinted.sort()).toEqual(Object.keys(DENIAL_HINTS_ZH).sort());
  expect(detailInChinese('asked for read; it was altered', 'wrong_signature')).toBe(
    `所请求的操作是 read；${DENIAL_HINTS_ZH.wrong_signature}`,
  );
});
