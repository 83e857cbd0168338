import { readdirSync, readFileSync } from 'node:fs';
import { problemInChinese } from './problem-zh.js';

const FOLDERS = ['apps-file', 'folder'].map((name) => new URL(`../../config/${name}/`, import.meta.url));
const BEGINS =
  /^(?:is|must|has|holds|stands|grants|belongs|leaves|merge keys|a|an|this key|two|something|there are|the file|the environment|the indentation|list at|write|give it)\b[^A-Z]/;

/** Begins sentences that are looked at as a whole. */
const PART = 'the environment variablex1';

/** Sentences of the sources, with something in the place of what is put in. Split ones are told by hand below. */
function sentences(): string[] {
  const found = new Set<string>();
  for (const folder of FOLDERS) {
    for (const name of readdirSync(folder)) {
      if (
        !name.endsWith('.ts') ||
        name.endsWith('.spec.ts') ||
        /warnings|schema|reference|spec-support/.test(name)
      )
        continue;
      const text = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
      for (const [, , words = ''] of text.matchAll(/(['"`])((?:\\.|(?!\1)[^\n\\])*)\1/g)) {
        // What is left of a template in a template.
        if (/\$\{[^}]*$/.test(words)) continue;
        const said = words
          .replace(/\$\{[^}]*(?:\{[^}]*\}[^}]*)*\}/g, 'x1')
          .replace(/\\(['"`\\])/g, '$1')
          .replace('(：). x1', '(：). Known: x1')
          .replace('colon. x1', 'colon. Known: x1');
        if (BEGINS.test(said) && said.length > 14 && said !== PART) found.add(said);
      }
    }
  }
  return [...found];
}

const isEnglish = (text: string): boolean => /\b[a-z]{2,} (?:[a-z]+ )[a-z]{2,}\b/.test(text);

describe('every problem of apps.yaml', () => {
  const all = sentences();

  it('is found', () => {
    expect(all.length).toBeGreaterThan(90);
  });

  it.each(all)('is said in Chinese: %s', (sentence) => {
    // Some are what must be: `must be ${form}`.
    const told = [sentence, `must be ${sentence}`].map(problemInChinese);
    expect(told).toContainEqual(expect.stringMatching(/\p{Script=Han}/u));
    expect(told.some((text) => !isEnglish(text))).toBe(true);
  });
});

it.each([
  [
    'must be one of read, report, gateway, admin (did you mean "gateway"?) (client live-gateway)',
    '必须是其中之一：read, report, gateway, admin（是不是“gateway”？）（客户端 live-gateway）',
  ],
  [
    'is not a known key (did you mean "tokenApi"?). Known: appid, name (app Shop)',
    '不是可用的键。可用的键：appid, name（是不是“tokenApi”？）（应用 Shop）',
  ],
  [
    'the file cannot be read (ENOENT): there is no such file; relative paths start at the folder of apps.yaml',
    '文件读不出来（ENOENT）：没有这个文件；相对路径从 apps.yaml 所在目录算起',
  ],
  [
    'the environment variable SHOP_SECRET is not set: set it where the hub is started (app wx1)',
    '环境变量 SHOP_SECRET 没有设置：请在启动 Hub 的地方设置（应用 wx1）',
  ],
  [
    'is not a known key: write a colon and a space (: ) for the full-width colon (：). Known: appid',
    '不是可用的键：把全角冒号（：）改成半角冒号加空格（: ）。可用的键：appid',
  ],
  ['must be an address or a CIDR: it contains white space', '必须是地址或 CIDR：含有空白字符'],
  [
    'is new and nobody has said it in Chinese (app wx1)',
    'is new and nobody has said it in Chinese (app wx1)',
  ],
])('%s', (english, chinese) => {
  expect(problemInChinese(english)).toBe(chinese);
});
