import { Clock } from '../clock/clock.js';
import type { AppsConfig, HubSnapshot } from '../config/reload/apps-config.service.js';
import type { IssuerSettings } from '../core/access/identity.js';
import { HubEvents } from '../events/hub-events.js';
import { seededRandom } from '../../test/support/seeded-random.js';
import { AUDIENCE, Issuer, signingKey } from '../../test/support/issuer.js';
import { Identities } from './identities.service.js';

class StillClock extends Clock {
  readonly at = Date.now();
  now = () => this.at;
  wallNow = () => this.at;
  setTimeout = () => ({});
  clearTimeout(): void {
    /* Nothing runs. */
  }
}

const MANGLED = 100_000;
const TEXT = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ';

it(`of ${MANGLED} mangled tokens none is accepted`, async () => {
  const key = await signingKey('first', 'EdDSA');
  const server = await Issuer.start(key);
  const issuer: IssuerSettings = {
    id: 'cluster',
    issuer: server.url,
    audience: AUDIENCE,
    jwksUri: undefined,
    jwksFile: undefined,
    caFile: undefined,
    tokenFile: undefined,
  };
  const snapshot = { issuers: new Map([[issuer.id, issuer]]) } as unknown as HubSnapshot;
  const config = { current: snapshot, onChange: () => undefined } as unknown as AppsConfig;
  const identities = new Identities(config, new StillClock(), new HubEvents());
  const good = await server.token();
  expect(await identities.verdictOf(good)).toHaveProperty('subject');

  const random = seededRandom(14);
  const below = (n: number) => Math.floor(random() * n);
  const mangle = (token: string): string => {
    const at = below(token.length);
    const some = TEXT.charAt(below(TEXT.length));
    switch (below(5)) {
      case 0:
        return token.slice(0, at) + some + token.slice(at + 1);
      case 1:
        return token.slice(0, at) + some + token.slice(at);
      case 2:
        return token.slice(0, at) + token.slice(at + 1 + below(4));
      case 3:
        return token.slice(0, at);
      default:
        return token.slice(at) + token.slice(0, at);
    }
  };
  const flaws = new Map<string, number>();
  for (let n = 0; n < MANGLED; n += 1) {
    let mangled = mangle(good);
    while (random() < 0.3) mangled = mangle(mangled);
    if (mangled === good) continue;
    const verdict = await identities.verdictOf(mangled);
    if (!('flaw' in verdict)) throw new Error(`accepted: ${mangled}`);
    flaws.set(verdict.flaw, (flaws.get(verdict.flaw) ?? 0) + 1);
  }
  // It came as far as each of the checks that mangling can reach.
  for (const flaw of ['malformed_token', 'wrong_signature', 'unknown_signing_key'])
    expect(flaws.get(flaw)).toBeGreaterThan(100);
  identities.onApplicationShutdown();
  await server.stop();
}, 60_000);
