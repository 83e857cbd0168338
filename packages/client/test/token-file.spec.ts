import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenClient } from '../src/index.js';
import { ContractHub } from './contract-hub.js';

const folder = mkdtempSync(join(tmpdir(), 'token-file-'));
const tokenFile = join(folder, 'token');
let hub: ContractHub;

beforeEach(async () => {
  hub = await ContractHub.start();
});

afterEach(() => hub.stop());
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('the token in the file is sent, and the next one as soon as it is there', async () => {
  writeFileSync(tokenFile, 'first.made-up.token\n');
  const client = createTokenClient({ hubUrl: hub.url, tokenFile });
  const token = await client.getToken('wx-1');
  writeFileSync(tokenFile, 'second.made-up.token\n');
  await client.reject('wx-1', token, 42001);
  client.close();
  const sent = hub.requests.map(({ method, headers }) => `${method} ${String(headers.authorization)}`);
  expect(sent[0]).toBe('GET Bearer first.made-up.token');
  expect(sent).toContain('POST Bearer second.made-up.token');
});

it.each([
  ['is not there', undefined, /cannot be read \(ENOENT\)/],
  ['holds no token', 'line\r\nbreak', /holds no token/],
])('a file that %s is told of, without what it holds', async (_what, text, message) => {
  rmSync(tokenFile, { force: true });
  if (text !== undefined) writeFileSync(tokenFile, text);
  const client = createTokenClient({ hubUrl: hub.url, tokenFile });
  await expect(client.reject('wx-1', 'token-1')).rejects.toMatchObject({
    code: 'HUB_TOKEN_FILE',
    message: expect.stringMatching(message),
  });
  client.close();
  expect(hub.requests).toEqual([]);
});
