import { originForm } from './request-target.js';

it.each([
  ['/v1/x?a=1', '/v1/x?a=1'],
  ['//evil.example/x', '//evil.example/x'],
  ['*', '*'],
  ['', ''],
  ['x/y', 'x/y'],
  ['http://h/v1/x?a=http://b/', '/v1/x?a=http://b/'],
  ['HTTPS://user:pw@h:443/x', '/x'],
  ['http://h', '/'],
  ['http://h?a=1', '/?a=1'],
  ['http:///x', '/x'],
  ['http://h//x', '//x'],
  ['ftp://h/x', 'ftp://h/x'],
  ['/http://h/x', '/http://h/x'],
])('%j is read as %j', (target, origin) => {
  expect(originForm(target)).toBe(origin);
});
