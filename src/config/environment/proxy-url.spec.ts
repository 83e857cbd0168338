import { parseProxyUrl, proxyUrlFlaw } from './proxy-url.js';

describe('parseProxyUrl', () => {
  it.each([
    ['http://proxy:3128', 'http://proxy:3128', undefined],
    ['http://proxy:3128/', 'http://proxy:3128', undefined],
    ['https://proxy.example.com:443', 'https://proxy.example.com:443', undefined],
    ['http://[2001:db8::1]:80', 'http://[2001:db8::1]:80', undefined],
    ['http://u:p@10.0.0.1:8080', 'http://10.0.0.1:8080', 'u:p'],
    ['http://u:p%40%3As@proxy:8080', 'http://proxy:8080', 'u:p@:s'],
    ['http://u:p:s@proxy:8080', 'http://proxy:8080', 'u:p:s'],
    ['http://u@proxy:8080', 'http://proxy:8080', 'u:'],
    ['http://@proxy:8080', 'http://proxy:8080', undefined],
    ['http://%E7%94%A8:%E5%AF%86@proxy:8080', 'http://proxy:8080', '用:密'],
  ])('takes %s apart', (url, origin, credentials) => {
    expect(proxyUrlFlaw(url)).toBeUndefined();
    const { authorization, ...rest } = parseProxyUrl(url);
    expect(rest.origin).toBe(origin);
    const [, sent] = /^Basic (.+)$/.exec(authorization ?? '') ?? [];
    expect(sent === undefined ? undefined : Buffer.from(sent, 'base64').toString()).toBe(credentials);
  });

  it('never repeats a part of a URL with a flaw', () => {
    expect(() => parseProxyUrl('http://u:hunter2@proxy')).toThrow(
      /^HUB_OUTBOUND_PROXY must ((?!hunter2).)*$/,
    );
  });
});
