import { hash, randomInt } from 'node:crypto';
import { BASE62, composeKey, hasValidChecksum, hasValidForm, KEY_RANDOM_LENGTH } from '../core/access/key.js';
import { EXIT, UsageProblem, type Command, type CommandContext } from './command.js';
import { readOptions } from './options.js';

/** As apps.yaml takes it. */
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

export const keyCommand: Command = {
  name: 'key',
  summary: 'make a client key, or the hash of one for apps.yaml',
  help: `wechat-token-hub key create [--id ID] [--json]
    Makes a key. The key is shown this once: give it to the client, put the hash into apps.yaml.
wechat-token-hub key hash [--json]
    Reads a key from stdin (not from the command line, which others can see) and prints its hash.

  --id ID   the key's id in the printed entry (default: year and month)
  --json    for machines`,

  async run(context) {
    const [act, ...args] = context.args;
    if (act === 'create') return create(context, args);
    if (act === 'hash') return hashed(context, args);
    throw new UsageProblem('key create or key hash?');
  },
};

function create(context: CommandContext, args: readonly string[]): number {
  const { values } = readOptions(
    args,
    { id: { type: 'string' }, json: { type: 'boolean' } },
    { atMost: 0, named: 'key create' },
  );
  const id = values.id ?? new Date().toISOString().slice(0, 7);
  if (!KEY_ID.test(id)) {
    throw new UsageProblem(
      `--id: ${JSON.stringify(id)} is no id; use 1 to 64 of the characters A-Z a-z 0-9 . _ -`,
    );
  }
  const key = composeKey(
    Array.from({ length: KEY_RANDOM_LENGTH }, () => BASE62.charAt(randomInt(BASE62.length))).join(''),
  );
  const sha256 = hash('sha256', key, 'hex');
  if (values.json === true) {
    context.out(JSON.stringify({ key, id, sha256 }));
    return EXIT.ok;
  }
  context.out(key);
  context.err('Give this key to the client; it is not shown again. Under the client in apps.yaml:');
  context.err(`    keys:\n      - id: ${JSON.stringify(id)}\n        sha256: ${sha256}`);
  return EXIT.ok;
}

async function hashed(context: CommandContext, args: readonly string[]): Promise<number> {
  const { values } = readOptions(
    args,
    { json: { type: 'boolean' } },
    { atMost: 0, named: 'key hash < file' },
  );
  const key = (await context.readInput()).replace(/\r?\n$/, '');
  const flaw = flawOf(key);
  if (flaw !== undefined) {
    if (values.json === true) context.out(JSON.stringify({ error: flaw }));
    else context.err(flaw);
    return EXIT.failed;
  }
  const sha256 = hash('sha256', key, 'hex');
  context.out(values.json === true ? JSON.stringify({ sha256 }) : sha256);
  return EXIT.ok;
}

function flawOf(key: string): string | undefined {
  if (!hasValidForm(key)) return 'not a key: 32 to 128 characters of A-Z a-z 0-9 _ - are expected on stdin';
  if (hasValidChecksum(key)) return undefined;
  return (
    'a wxh_ key with a wrong checksum: it was mistyped or cut off. ' +
    'Keys of your own may be anything that does not begin with wxh_'
  );
}
