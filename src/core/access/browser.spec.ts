import { isFromBrowser } from './browser.js';

describe('a request of a browser', () => {
  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ cookie: 'a=b' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-mode': 'navigate' }],
    [{ 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-storage-access': 'active' }],
  ])('%j', (headers) => {
    expect(isFromBrowser({ host: 'hub', accept: '*/*', ...headers })).toBe(true);
  });

  it('is none that has only what SDKs send', () => {
    expect(isFromBrowser({ host: 'hub', 'sec-fetch-mode': 'cors', 'user-agent': 'node' })).toBe(false);
    const headers = { host: 'hub', 'user-agent': 'axios/1.7', referer: 'x', 'sec-ch-ua': 'x', origins: 'x' };
    expect(isFromBrowser(headers)).toBe(false);
  });
});
