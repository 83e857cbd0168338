import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { testKey } from '../../../test/support/start-hub.js';
import { ContractHub } from './contract-hub.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

/** The package as it is built, in a process of its own. */
describe('the built package', () => {
  let folder: string;
  let hub: ContractHub;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hub-client-'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    execFileSync(process.execPath, [
      TSC,
      '-p',
      join(PACKAGE, 'tsconfig.json'),
      '--outDir',
      join(folder, 'dist'),
    ]);
    hub = await ContractHub.start();
  }, 60_000);

  afterAll(async () => {
    await hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(script: string): Promise<{ code: number | null; out: string; tookMs: number }> {
    const file = join(folder, 'script.mjs');
    const library = pathToFileURL(join(folder, 'dist', 'index.js')).href;
    writeFileSync(file, `import { createTokenClient } from '${library}';\n${script}`);
    const startedAt = performance.now();
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, out, tookMs: performance.now() - startedAt };
  }

  const make = (more = '') =>
    `createTokenClient({ hubUrl: '${hub.url}', key: '${testKey('client')}' ${more} })`;

  it('does not keep a process alive, not even with a long-poll under way', async () => {
    const { code, out, tookMs } = await run(`
      const client = ${make()};
      console.log(await client.getToken('wx-1'));
      // Until the long-poll is under way.
      await new Promise((resolve) => setTimeout(resolve, 1800));
    `);
    expect({ code, out }).toEqual({ code: 0, out: 'token-1\n' });
    expect(hub.requests.some(({ headers }) => headers.prefer === 'wait=50')).toBe(true);
    expect(tookMs).toBeLessThan(15_000);
  });

  it('keeps it alive for as long as somebody waits', async () => {
    hub.onRequest = (_request, response) => {
      setTimeout(() => response.writeHead(503, { 'retry-after': '1' }).end(), 500);
      hub.onRequest = () => false;
      return true;
    };
    expect(await run(`console.log(await ${make()}.getToken('wx-1'))`)).toMatchObject({
      code: 0,
      out: 'token-1\n',
    });
  });

  it('a slow hub is waited for by the other calls as well', async () => {
    hub.onRequest = () => false;
    hub.onReport = (token) => ({ outcome: 'confirmed', token, version: 1 });
    const script = `const client = ${make()};
      console.log((await client.reject('wx-1', 'x')).outcome, (await client.ticket('wx-1', 'jsapi')).ticket);`;
    expect(await run(script)).toMatchObject({ code: 0, out: 'confirmed ticket-of-jsapi\n' });
  });

  it('declares what it needs and nothing more', () => {
    const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(manifest).toMatchObject({
      name: 'wechat-token-hub-client',
      type: 'module',
      license: 'Apache-2.0',
    });
    expect(manifest.dependencies).toBeUndefined();
    const types = readFileSync(join(folder, 'dist', 'index.d.ts'), 'utf8');
    expect(types).toContain('createTokenClient');
  });
});
