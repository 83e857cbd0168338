import { built, problemsOf, SECRET } from './spec-support.js';

const ISSUER = '{ id: cluster, issuer: "https://issuer.example", audience: hub }';

/** Issuers begin at line 3, clients at line 5. */
const file = (issuers: string, ...clients: string[]) =>
  [
    'version: 1',
    'issuers:',
    `  - ${issuers}`,
    'clients:',
    ...clients.map((one) => `  - { id: c${clients.indexOf(one)}, apps: "*", ${one} }`),
    `apps: [{ appid: wx1, secret: "${SECRET}" }]`,
  ].join('\n');

const ONE = 'identities: [{ issuer: cluster, subject: "system:serviceaccount:shop:orders" }]';

it('issuers and identities are read, paths from the folder of the file', () => {
  const issuer =
    '{ id: cluster, issuer: any text, audience: hub, jwksUri: "https://k.example/", caFile: ca.crt, tokenFile: /t }';
  const { issuers, clients } = built(file(issuer, ONE, 'identities: [{ certificate: "spiffe://prod/x" }]'));
  expect(issuers).toEqual([
    {
      id: 'cluster',
      issuer: 'any text',
      audience: 'hub',
      jwksUri: 'https://k.example/',
      jwksFile: undefined,
      caFile: '/etc/hub/ca.crt',
      tokenFile: '/t',
    },
  ]);
  expect(clients.map(({ identities }) => identities)).toEqual([
    [{ issuer: 'cluster', subject: 'system:serviceaccount:shop:orders' }],
    [{ certificate: 'spiffe://prod/x' }],
  ]);
});

describe('problems of issuers', () => {
  it.each([
    [
      '{ id: certificate, issuer: "https://a.example", audience: hub }',
      /issuers\[0\].id: must be another name/,
    ],
    ['{ id: cluster, issuer: "https://a.example" }', /audience: is missing/],
    [
      '{ id: cluster, issuer: "http://a.example", audience: hub }',
      /issuer: must begin with https.*jwksUri or jwksFile/,
    ],
    ['{ id: cluster, issuer: kubernetes, audience: hub }', /issuer: must be a URL.*jwksUri or jwksFile/],
    [
      '{ id: cluster, issuer: x, audience: hub, jwksUri: "http://a.example/" }',
      /jwksUri: must begin with https/,
    ],
    [
      '{ id: cluster, issuer: x, audience: hub, jwksUri: "https://a/", jwksFile: f }',
      /jwksFile: stands beside jwksUri/,
    ],
    ['{ id: cluster, issuer: x, audience: hub, jwksFile: f, tokenFile: t }', /tokenFile: has no use/],
    [
      `${ISSUER}\n  - { id: other, issuer: "https://issuer.example", audience: b }`,
      /issuers\[1\].issuer: is the same/,
    ],
    [
      `${ISSUER}\n  - { id: cluster, issuer: "https://b.example", audience: b }`,
      /issuers\[1\].id: is the same/,
    ],
  ])('%s', (issuer, expected) => {
    expect(problemsOf(file(issuer, ONE))).toContainEqual(expect.stringMatching(expected));
  });
});

describe('problems of identities', () => {
  it.each([
    ['identities: [{ issuer: clutser, subject: a }]', /issuer: is the id of no entry of issuers.*cluster/],
    ['identities: [{ issuer: cluster }]', /must have either issuer and subject, or certificate/],
    ['identities: [{}]', /must have either issuer and subject, or certificate/],
    ['identities: [{ certificate: a, subject: b }]', /subject: stands beside certificate/],
    ['identities: [{ issuer: cluster, subject: "" }]', /subject: must be 1 to 255/],
    ['identities: []', /has neither keys nor identities nor allowIps/],
    ['identities:', /identities: is empty/],
  ])('%s', (client, expected) => {
    expect(problemsOf(file(ISSUER, client))).toContainEqual(expect.stringMatching(expected));
  });

  it('two clients of one identity', () => {
    expect(problemsOf(file(ISSUER, ONE, `${ONE.trimEnd()}, may: [read]`))).toEqual([
      expect.stringMatching(/clients\[1\].identities\[0\]: is the same as clients\[0\].identities\[0\]/),
    ]);
  });
});
