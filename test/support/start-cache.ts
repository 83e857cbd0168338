import type { AppsConfig, ConfigChange } from '../../src/config/reload/apps-config.service.js';
import { sameApp, type AppSettings } from '../../src/core/app.js';
import { HubEvents } from '../../src/events/hub-events.js';
import { MemoryTokenStore } from '../../src/token-cache/stores/memory-token-store.js';
import { assembleCache } from './assemble-cache.js';
import type { TokenStore } from '../../src/token-cache/token-store.js';
import { anApp } from './builders.js';
import { FakeClock } from './fake-clock.js';
import { ScriptedClient, type Call } from './scripted-client.js';

export interface StartCacheOptions {
  readonly apps?: readonly AppSettings[];
  readonly clock?: FakeClock;
  readonly store?: TokenStore;
  readonly breakStore?: 'load' | 'lease' | 'save' | 'remove';
  readonly hangStore?: boolean;
  readonly jitter?: number;
  readonly automatically?: (app: AppSettings, call: Call) => void;
}

/** The real cache, refresher and scheduler on a clock that stands still and a client that the test answers. */
export async function startCache(options: StartCacheOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  const client = new ScriptedClient(clock);
  client.automatically = options.automatically;
  const store = options.store ?? new MemoryTokenStore(clock);
  if (options.breakStore !== undefined) {
    Object.assign(store, { [options.breakStore]: () => Promise.reject(new Error('the store is gone')) });
  }
  if (options.hangStore === true) Object.assign(store, { load: () => new Promise(() => undefined) });
  const events = new HubEvents();
  const troubles: unknown[] = [];
  events.on('troubleSeen', (trouble) => troubles.push(trouble));

  let apps = mapOf(options.apps ?? [anApp()]);
  let notify: (change: ConfigChange) => void = () => undefined;
  const config = {
    get current() {
      return { apps, clients: [] };
    },
    onChange: (listener: typeof notify) => {
      notify = listener;
    },
    onReload: () => undefined,
  } as unknown as AppsConfig;
  const reload = (next: readonly AppSettings[]): void => {
    const previous = { apps, platforms: new Map(), issuers: new Map(), clients: [], notify: [] };
    apps = mapOf(next);
    notify({
      snapshot: { apps, platforms: new Map(), issuers: new Map(), clients: [], notify: [] },
      previous,
      added: [...apps.keys()].filter((appid) => !previous.apps.has(appid)),
      removed: [...previous.apps.keys()].filter((appid) => !apps.has(appid)),
      changed: [...apps].flatMap(([appid, app]) => {
        const before = previous.apps.get(appid);
        return before !== undefined && !sameApp(before, app) ? [appid] : [];
      }),
    });
  };

  /** The configuration is another, and the listener that the cache is has not run, or has failed. */
  const swapUnheard = (next: readonly AppSettings[]): void => {
    apps = mapOf(next);
  };

  const randomness = { next: () => options.jitter ?? 0.5 };
  const { cache, scheduler, shutDown } = assembleCache({
    config,
    client,
    store,
    clock,
    randomness,
    events,
    wechatTimeoutMs: 5000,
  });
  await clock.advance(0);
  return { clock, client, store, events, troubles, cache, scheduler, shutDown, reload, swapUnheard };
}

function mapOf(apps: readonly AppSettings[]): Map<string, AppSettings> {
  return new Map(apps.map((app) => [app.appid, app]));
}
