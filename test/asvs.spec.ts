import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** docs/asvs.md answers each requirement of the standard once, and what it names is there. */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PAGES = ['docs/asvs.md', 'docs/asvs.zh-CN.md'];
const read = (file: string): string => readFileSync(ROOT + file, 'utf8');

const REQUIREMENTS = read('test/support/asvs-5.0.txt')
  .split('\n')
  .filter((line) => line.startsWith('V'))
  .flatMap((line) => {
    const [section = '', ...numbers] = line.split(' ');
    return numbers.map((number) => `${section}.${number}`);
  });

interface Row {
  readonly requirements: readonly string[];
  readonly state: string;
  readonly files: readonly string[];
}

function rowsOf(page: string): Row[] {
  return read(page)
    .split('\n')
    .filter((line) => line.startsWith('| V'))
    .map((line) => {
      const [, requirements = '', , state = ''] = line.split('|').map((cell) => cell.trim());
      const files = [...line.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file]) => file ?? '');
      return { requirements: requirements.split(', '), state, files };
    });
}

it('the list of requirements is whole', () => {
  expect(REQUIREMENTS).toHaveLength(253);
});

describe.each(PAGES)('%s', (page) => {
  it('answers each requirement of levels 1 and 2 once', () => {
    const answered = rowsOf(page).flatMap(({ requirements }) => requirements);
    expect(answered.sort()).toEqual([...REQUIREMENTS].sort());
  });

  it('names tests and files that there are', () => {
    const missing = rowsOf(page).flatMap(({ files }) => files.filter((file) => !existsSync(ROOT + file)));
    expect(missing).toEqual([]);
  });

  it('says of nothing that it is met without a test or a file', () => {
    const unheld = rowsOf(page).filter(({ state, files }) => state !== '' && files.length === 0);
    expect(unheld).toEqual([]);
  });
});

it('both languages name the same', () => {
  const [english, chinese] = PAGES.map((page) =>
    rowsOf(page).map(({ requirements, files }) => ({ requirements, files })),
  );
  expect(chinese).toEqual(english);
});
