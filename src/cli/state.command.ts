import { SystemClock } from '../clock/system-clock.js';
import { SystemRandomness } from '../clock/randomness.js';
import type { HubEnvironment } from '../config/environment/environment.js';
import { parseEnvironment } from '../config/environment/parse.js';
import { codeOf } from '../config/small-file.js';
import { redisAccess } from '../config/environment/redis-access.js';
import { HubEvents } from '../events/hub-events.js';
import { FileTokenStore } from '../token-cache/stores/file/file-token-store.js';
import { OpenedState } from '../token-cache/stores/file/opened-state.js';
import { StateProblem } from '../token-cache/stores/file/state-problem.js';
import {
  exportState,
  importState,
  type Place,
  type StoredNames,
} from '../token-cache/stores/file/state-transfer.js';
import { RedisTokenStore } from '../token-cache/stores/redis/redis-token-store.js';
import { sealingKeys } from '../token-cache/stores/redis/seal.js';
import { storedNames } from '../token-cache/stores/redis/stored-names.js';
import { StoreUnavailable } from '../token-cache/token-store.js';
import { EXIT, UsageProblem, type Command, type CommandContext } from './command.js';
import { readOptions } from './options.js';

export const stateCommand: Command = {
  name: 'state',
  summary: 'move tokens, tickets and authorisations between Redis and a state file',
  help: `wechat-token-hub state export FILE
    Writes what the hub of this environment has stored (HUB_REDIS_URL, or HUB_STATE_FILE) into FILE, encrypted with the
    first of HUB_ENCRYPTION_KEYS. FILE must not be there yet.
wechat-token-hub state import FILE
    Takes FILE into the Redis or the state file of this environment. What is newer there stays.

    A state file must not be in use: stop its hub first. Redis may be; its user needs SCAN for an export. Move and start
    the other hub soon: a token that is renewed meanwhile is not in FILE. Nothing of what is moved is ever shown.

  --json   {"credentials": n, "records": n}; of an import {"taken": {…}, "left": {…}}

Exit code 0: done. 1: not done. 69: Redis does not answer. 78: the environment or a file is not as it must be.`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { json: { type: 'boolean' } },
      { atMost: 2, named: 'state export FILE, or state import FILE' },
    );
    const [act, file] = positionals;
    if ((act !== 'export' && act !== 'import') || file === undefined)
      throw new UsageProblem('state export FILE, or state import FILE');
    const parsed = parseEnvironment(context.env);
    const problems = parsed.ok ? placeProblems(parsed.environment) : parsed.problems;
    if (!parsed.ok || problems.length > 0) {
      for (const line of problems) context.err(line);
      return EXIT.config;
    }
    // The hub's own timers keep no process up, and between two writes of a file nothing else does.
    const whileMoved = setInterval(() => undefined, 60_000);
    try {
      return await moved(context, parsed.environment, act, file, values.json === true);
    } catch (error) {
      if (error instanceof StateProblem) {
        context.err(error.message.replace(/^HUB_STATE_FILE: /, ''));
        return EXIT.config;
      }
      const trouble = troubleOf(error);
      if (trouble === undefined) throw error;
      context.err(trouble);
      return EXIT.unavailable;
    } finally {
      clearInterval(whileMoved);
    }
  },
};

function placeProblems({ stateFile, redisUrl, encryptionKeys }: HubEnvironment): string[] {
  const problems: string[] = [];
  if (stateFile === undefined && redisUrl === undefined)
    problems.push('HUB_REDIS_URL or HUB_STATE_FILE: must be set; without them the hub stores nothing');
  if (encryptionKeys.length === 0)
    problems.push('HUB_ENCRYPTION_KEYS: must be set; what is moved is never written in clear');
  return problems;
}

async function moved(
  context: CommandContext,
  environment: HubEnvironment,
  act: 'export' | 'import',
  file: string,
  json: boolean,
): Promise<number> {
  const clock = new SystemClock();
  const keys = sealingKeys(environment.encryptionKeys);
  const [first] = keys;
  const place = await openPlace(environment, clock);
  try {
    if (act === 'export' && first !== undefined) {
      const counts = await exportState(file, place, await place.names(), first, clock);
      context.out(
        json
          ? JSON.stringify(counts)
          : `${file}: ${counts.credentials} token(s) and ticket(s), ${counts.records} record(s), encrypted with the key "${first.id}"`,
      );
      return EXIT.ok;
    }
    const result = await importState(file, place, keys, clock);
    const { taken, left } = result;
    context.out(
      json
        ? JSON.stringify(result)
        : `taken in: ${taken.credentials} token(s) and ticket(s), ${taken.records} record(s); ` +
            `left, since what is there is newer or their time is up: ${left.credentials} and ${left.records}`,
    );
    await place.finish();
    return EXIT.ok;
  } finally {
    await place.close();
    clock.onApplicationShutdown();
  }
}

interface OpenPlace extends Place {
  names(): Promise<StoredNames>;
  /** What was taken in is there to stay. Rejects where it is not. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

async function openPlace(environment: HubEnvironment, clock: SystemClock): Promise<OpenPlace> {
  const access = redisAccess(environment);
  const { file } = await OpenedState.of(environment);
  if (file !== undefined) {
    const store = new FileTokenStore(file, clock, new HubEvents());
    return {
      store,
      records: store.durable,
      names: () => Promise.resolve(store.names()),
      finish: () => store.flushed(),
      close: () => store.onApplicationShutdown(),
    };
  }
  if (access === undefined) throw new Error('neither Redis nor a state file');
  const store = RedisTokenStore.at(access, environment, clock, new HubEvents(), new SystemRandomness());
  return {
    store,
    records: store.durable,
    names: () => storedNames(access, environment.redisPrefix),
    finish: () => Promise.resolve(),
    close: () => {
      store.onApplicationShutdown();
      return Promise.resolve();
    },
  };
}

/** In a line; `undefined`: a bug. */
function troubleOf(error: unknown): string | undefined {
  if (error instanceof StoreUnavailable) return error.message;
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (/^E[A-Z]+$/.test(code)) return `not done (${code}): look at the disk, the folder, and the way to Redis`;
  const ofClient = /^(ReplyError|MaxRetriesPerRequestError|ClusterAllFailedError|AbortError)$/.test(
    error.name,
  );
  return ofClient || /Connection is closed|Command timed out/.test(error.message)
    ? `Redis does not do what it is asked: ${error.message.slice(0, 200)}`
    : undefined;
}
