import { certificateNames } from './certificate-names.js';
import { judgeHeader } from './header.js';
import { keyFor, readKeySet } from './key-set.js';
import { discoveryUrlOf, mayHaveToken, placeFlaw, readDiscovery } from './places.js';

describe('a header', () => {
  it.each([
    [
      { alg: 'RS256', kid: 'a' },
      { alg: 'RS256', kid: 'a' },
    ],
    [
      { alg: 'EdDSA', typ: 'JWT' },
      { alg: 'EdDSA', kid: undefined },
    ],
    [
      { alg: 'ES256', typ: 'application/at+jwt' },
      { alg: 'ES256', kid: undefined },
    ],
    [{ alg: 'none' }, 'refused_algorithm'],
    [{ alg: 'HS256' }, 'refused_algorithm'],
    [{ alg: 'rs256' }, 'refused_algorithm'],
    [{ alg: 'PS256' }, 'refused_algorithm'],
    [{ alg: ['RS256'] }, 'malformed_token'],
    [{}, 'malformed_token'],
    [[], 'malformed_token'],
    [null, 'malformed_token'],
    [{ alg: 'RS256', crit: [] }, 'malformed_token'],
    [{ alg: 'RS256', b64: false }, 'malformed_token'],
    [{ alg: 'RS256', kid: 1 }, 'malformed_token'],
    [{ alg: 'RS256', typ: 'secevent+jwt' }, 'malformed_token'],
  ])('%j', (header, expected) => {
    expect(judgeHeader(header)).toEqual(expected);
  });
});

const RSA = { kty: 'RSA', n: 'A'.repeat(342), e: 'AQAB' };
const EC = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) };

describe('a set of keys', () => {
  it.each([
    ['RSA', RSA, 'RS256'],
    ['EC', { ...EC, use: 'sig', alg: 'ES256', key_ops: ['verify'] }, 'ES256'],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), alg: 'Ed25519' }, 'EdDSA'],
    ['RSA of 1024 bits', { ...RSA, n: 'A'.repeat(171) }, undefined],
    ['RSA of which everybody can sign (e = 1)', { ...RSA, e: 'AQ' }, undefined],
    ['for encryption', { ...RSA, use: 'enc' }, undefined],
    ['to sign', { ...RSA, key_ops: ['sign'] }, undefined],
    ['for another algorithm', { ...RSA, alg: 'RS512' }, undefined],
    ['a secret one', { kty: 'oct', k: 'AAAA', alg: 'HS256' }, undefined],
    ['another curve', { ...EC, crv: 'P-384' }, undefined],
    ['a kid that is no text', { ...RSA, kid: 1 }, undefined],
  ])('%s', (_what, jwk, alg) => {
    expect(readKeySet({ keys: [jwk] })?.map((key) => key.alg)).toEqual(alg === undefined ? [] : [alg]);
  });

  it('leaves out the private half and all that is not the key', () => {
    expect(readKeySet({ keys: [{ ...RSA, d: 'secret', x5c: ['x'] }] })?.[0]?.jwk).toEqual(RSA);
  });

  it('is one only where it has a list', () => {
    expect([null, [], 'x', {}, { keys: {} }].map(readKeySet)).toEqual(Array(5).fill(undefined));
  });

  it('finds by name and algorithm; without a name, the only one', () => {
    const keys = readKeySet({ keys: [{ ...RSA, kid: 'a' }, { ...RSA, kid: 'b' }, EC] }) ?? [];
    expect(keyFor(keys, { alg: 'RS256', kid: 'b' })).toBe(keys[1]);
    expect(keyFor(keys, { alg: 'ES256', kid: 'b' })).toBeUndefined();
    expect(keyFor(keys, { alg: 'RS256', kid: undefined })).toBeUndefined();
    expect(keyFor(keys, { alg: 'ES256', kid: undefined })).toBe(keys[2]);
  });
});

describe('where keys are fetched', () => {
  it.each([
    ['https://issuer.example/jwks', true],
    ['http://127.0.0.1:1/jwks', true],
    ['http://[::1]/jwks', true],
    ['http://issuer.example/jwks', false],
    ['http://127.0.0.1.evil.example/', false],
    ['http://127.0.0.1@evil.example/', false],
    ['https://user:word@issuer.example/', false],
    ['file:///etc/passwd', false],
    ['data:application/json,{}', false],
    ['//issuer.example', false],
  ])('%s', (url, good) => {
    expect(placeFlaw(url) === undefined).toBe(good);
  });

  it('is what the issuer’s own document says', () => {
    const issuer = 'https://issuer.example/tenant/';
    expect(discoveryUrlOf(issuer)).toBe('https://issuer.example/tenant/.well-known/openid-configuration');
    expect(readDiscovery({ issuer, jwks_uri: 'https://k.example/' }, issuer)).toEqual({
      jwksUri: 'https://k.example/',
    });
    for (const bad of [
      null,
      { issuer },
      { issuer: 'x', jwks_uri: 'https://k.example/' },
      { issuer, jwks_uri: 'http://k.example' },
    ])
      expect(readDiscovery(bad, issuer)).toHaveProperty('flaw');
  });

  it('and the hub’s own token goes nowhere else, unless an authority of its own vouches for it', () => {
    const named = 'https://kubernetes.default.svc';
    expect(mayHaveToken(`${named}/openid/v1/jwks`, named, false)).toBe(true);
    expect(mayHaveToken('https://evil.example/jwks', named, false)).toBe(false);
    expect(mayHaveToken('https://172.18.0.2:6443/openid/v1/jwks', named, true)).toBe(true);
  });
});

describe('names of a certificate, as Node tells them', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['DNS:orders.example', ['orders.example']],
    [
      'DNS:a.example, URI:spiffe://prod/x, IP Address:10.0.0.1, email:a@b.example',
      ['a.example', 'spiffe://prod/x'],
    ],
    ['DNS:"a, URI:spiffe://prod/admin"', []],
    ['URI:"spiffe://prod/x, URI:spiffe://prod/admin"', ['spiffe://prod/x, URI:spiffe://prod/admin']],
    ['DNS:spiffe://prod/admin', []],
    ['URI:admin.example', []],
    ['DNS:a.example, nonsense', []],
    ['DNS:"broken', []],
    ['othername:<unsupported>, DNS:a.example', ['a.example']],
  ])('%s', (text, names) => {
    expect(certificateNames(text)).toEqual(names);
  });
});
