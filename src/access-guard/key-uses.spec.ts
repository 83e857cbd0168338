import { KeyUses } from './key-uses.js';
import type { ClientEntry } from '../core/access/client.js';

const client = (id: string, ...keyIds: string[]) =>
  ({ id, keys: keyIds.map((keyId) => ({ id: keyId })), identities: [] }) as unknown as ClientEntry;

it('keys that stay go on counting after a reload; those that went are forgotten', () => {
  const uses = new KeyUses();
  uses.setClients([client('a', 'old', 'new'), client('b')]);
  uses.of('a', 'old').requests += 2;
  uses.of('a', 'new').requests += 3;
  uses.of('b', undefined).requests += 4;
  uses.setClients([client('a', 'new'), client('b')]);
  expect(uses.of('a', 'new').requests).toBe(3);
  expect(uses.of('b', undefined).requests).toBe(4);
  expect(uses.of('a', 'old').requests).toBe(0);
});
