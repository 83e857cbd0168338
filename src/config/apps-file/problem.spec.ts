import { ConfigProblems, formatPath, formatProblems } from './problem.js';

describe('problems', () => {
  it('are one line each, with file, line and path', () => {
    const problems = [
      { path: 'apps[3].secretEnv', line: 12, message: 'is empty' },
      { path: '', line: 1, message: 'the file is empty' },
    ];
    expect(formatProblems(problems)).toEqual([
      'apps.yaml:12 apps[3].secretEnv: is empty',
      'apps.yaml:1: the file is empty',
    ]);
    expect(new ConfigProblems(problems, '/etc/hub/a.yaml').message).toBe(
      '/etc/hub/a.yaml:12 apps[3].secretEnv: is empty\n/etc/hub/a.yaml:1: the file is empty',
    );
  });

  it.each([
    [[], ''],
    [['apps', 3, 'secretEnv'], 'apps[3].secretEnv'],
    [['clients', 0, 'keys', 1, 'sha256'], 'clients[0].keys[1].sha256'],
    [['apps', 0, 'secret:0123456789abcdef'], 'apps[0].?'],
    [['apps', 0, '0123456789abcdef0123456789abcdef'], 'apps[0].?'],
  ])('the path of %j', (path, expected) => {
    expect(formatPath(path)).toBe(expected);
  });
});
