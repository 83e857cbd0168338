import { isPrivateHost } from './own-page.js';

describe('a host that no stranger can have lead here', () => {
  it.each([
    '127.0.0.1:9090',
    '10.1.2.3',
    '[::1]:9090',
    '[fd00::1]',
    'localhost:9090',
    'hub',
    'hub.localhost',
    'hub.prod.internal:9090',
    'wechat-token-hub-ops.default.svc:9090',
    'nas.local',
    'HUB.LAN.',
  ])('%s', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example:9090',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'internal.example.com',
    'hub.example.com.',
    '7f000001.rbndr.us:9090',
    'a b',
  ])('%s is none', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
});
