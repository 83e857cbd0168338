import { canSendAgain, deadTokenErrcode, wechatUrlOf } from './wechat-request.js';

const BASE = 'https://api.weixin.qq.com';

describe('the URL of a call', () => {
  it.each([
    ['/cgi-bin/menu/get', '/cgi-bin/menu/get?access_token=T%2B'],
    ['/x?a=1&b=%20+', '/x?access_token=T%2B&a=1&b=%20+'],
    ['/x?access_token=old&a=1', '/x?access_token=T%2B&a=1'],
    ['/x?a=1&access%5Ftoken=old', '/x?access_token=T%2B&a=1'],
    ['/x?', '/x?access_token=T%2B'],
    ['/x?a=1#fragment?access_token=no', '/x?access_token=T%2B&a=1'],
    ['/x#fragment', '/x?access_token=T%2B'],
    ['//elsewhere.invalid/x', '//elsewhere.invalid/x?access_token=T%2B'],
    ['/\\elsewhere.invalid', '/\\elsewhere.invalid?access_token=T%2B'],
  ])('%s', (path, expected) => {
    expect(wechatUrlOf(BASE, path, 'T+')).toBe(BASE + expected);
    expect(new URL(wechatUrlOf(BASE, path, 'T+')).host).toBe('api.weixin.qq.com');
  });

  it.each(['', 'x', '@elsewhere.invalid/', '.elsewhere.invalid/', ':8080/', 'https://elsewhere.invalid/'])(
    'is not made of %j, which could lead elsewhere',
    (path) => {
      expect(() => wechatUrlOf(BASE, path, 'T')).toThrow(TypeError);
    },
  );
});

describe('a body can be sent again', () => {
  it.each([
    ['none', undefined],
    ['null', null],
    ['text', '{}'],
    ['bytes', new Uint8Array(3)],
    ['a buffer', new ArrayBuffer(3)],
    ['a form', new FormData()],
    ['parameters', new URLSearchParams()],
    ['a blob', new Blob(['x'])],
  ])('%s', (_name, body) => {
    expect(canSendAgain(body)).toBe(true);
  });

  it('but not a stream or a generator', () => {
    expect(canSendAgain(new ReadableStream())).toBe(false);
    expect(
      canSendAgain(
        (function* () {
          yield new Uint8Array(1);
        })(),
      ),
    ).toBe(false);
  });
});

describe('a dead token is seen in', () => {
  const json = { 'content-type': 'application/json; encoding=utf-8' };

  it.each([40001, 40014, 42001])('errcode %i, and the answer stays unread', async (errcode) => {
    const response = Response.json({ errcode, errmsg: 'x' }, { headers: json });
    expect(await deadTokenErrcode(response)).toBe(errcode);
    expect(await response.json()).toMatchObject({ errcode });
  });

  it.each<[string, string, Record<string, string>]>([
    ['success', '{"errcode":0}', json],
    ['another error', '{"errcode":45009}', json],
    ['a number elsewhere', '{"data":{"errcode":40001}}', json],
    ['no JSON', '{"errcode":40001', json],
    ['media', '{"errcode":40001}', { 'content-type': 'image/jpeg' }],
    ['no content type', '{"errcode":40001}', {}],
    ['a long answer', `{"errcode":40001,"x":"${'x'.repeat(70_000)}"}`, json],
    ['null', 'null', json],
  ])('not in %s', async (_name, body, headers) => {
    const response = new Response(new TextEncoder().encode(body), { headers });
    expect(await deadTokenErrcode(response)).toBeUndefined();
    expect(await response.text()).toBe(body);
  });

  it('JSON that WeChat calls text/plain', async () => {
    const response = new Response('{"errcode":42001}', { headers: { 'content-type': 'text/plain' } });
    expect(await deadTokenErrcode(response)).toBe(42001);
  });

  it('a long answer without a length is not read to its end', async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024).fill(32));
      },
    });
    const response = new Response(body, { headers: json });
    expect(await deadTokenErrcode(response)).toBeUndefined();
    expect(pulled).toBeLessThan(10);
    await response.body?.cancel();
  });
});
