import type { AppSettings } from '../../src/core/app.js';
import type { WeChatModel } from '../../src/simulator/wechat-model.js';
import type { SimulatedHub } from './simulated-hub.js';
import type { World } from './world.js';

/** After faults have ended everything is right again within this, ms. */
export const HEALED_MS = 90_000;
/** How long a hub may be without a token while WeChat answers: a start, or the pace of failing attempts. */
const PATIENCE_MS = 25_000;
/** Two calls that were under way at once may have reached WeChat in either order. */
const CALL_MS = 5500;
const FIRST_FAILURES = 1100;

export class Violation extends Error {}

interface Seen {
  version: number;
  bornAt: number;
  value: string;
}

/** Which kinds of trouble there are now, and when there last were some. */
export class Trouble {
  readonly #active = new Map<string, number>();
  #ended = Number.NEGATIVE_INFINITY;

  constructor(private readonly world: World) {}

  begin(name: string): void {
    this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
  }

  end(name: string): void {
    const count = (this.#active.get(name) ?? 0) - 1;
    if (count > 0) this.#active.set(name, count);
    else this.#active.delete(name);
    this.#ended = this.world.now;
  }

  /** For how long there has been none, ms; 0: there is some. */
  get quietMs(): number {
    return this.#active.size > 0 ? 0 : this.world.now - this.#ended;
  }
}

/** What must hold at every moment, whatever happens. Throws at the first thing that does not, and keeps it. */
export class Checks {
  /** Of Redis, the ways to it, and the hubs' processes. */
  readonly coordination: Trouble;
  /** Of WeChat and the way to it. */
  readonly upstream: Trouble;
  readonly #seen = new WeakMap<SimulatedHub, Map<string, Seen>>();
  readonly #stored = new Map<string, number>();
  readonly #lastMint = new Map<string, { readonly at: number; readonly quiet: boolean }>();
  readonly #calls = new Map<string, number[]>();
  reads = 0;
  violation: Violation | undefined;

  constructor(
    private readonly world: World,
    private readonly model: WeChatModel,
    private readonly lifeMs: (appid: string) => number,
  ) {
    this.coordination = new Trouble(world);
    this.upstream = new Trouble(world);
  }

  /** A caller reads: what is served lives at WeChat, and goes forward only. */
  read(hub: SimulatedHub, app: AppSettings): void {
    const { appid, tokenApi } = app;
    const reading = hub.cache.read(appid);
    this.reads += 1;
    if (reading?.kind !== 'held') {
      const age = this.world.now - hub.startedAt;
      if (age > PATIENCE_MS && this.upstream.quietMs > 70_000 && this.coordination.quietMs > PATIENCE_MS) {
        this.fail(`${hub.name} has no token of ${appid} although WeChat answers`);
      }
      return;
    }
    const value = reading.held.value.reveal();
    const validity = this.model.validity(value);
    // A clock that stood still is late for what was got before; nothing in the process can tell (SystemClock).
    const late = hub.process.frozenMs;
    if (validity === undefined || validity.diesAt + late <= this.world.now) {
      // Mints of replicas that cannot reach each other end each other's tokens, until they can; and so does a mint
      // whose answer was lost, until the next one succeeds.
      const quietMs = Math.min(this.coordination.quietMs, this.upstream.quietMs);
      const excused = tokenApi === 'token' && quietMs < HEALED_MS;
      if (!excused) {
        const dead = ((this.world.now - (validity?.diesAt ?? 0)) / 1000).toFixed(3);
        this.fail(
          `${hub.name} serves a token of ${appid} that is dead for ${dead} s, version ${reading.held.version}`,
        );
      }
    }
    const bornAt = validity?.bornAt ?? Number.NEGATIVE_INFINITY;
    this.#forward(hub, appid, { version: reading.held.version, bornAt, value });
  }

  #forward(hub: SimulatedHub, appid: string, now: Seen): void {
    let seen = this.#seen.get(hub);
    if (seen === undefined) this.#seen.set(hub, (seen = new Map()));
    const before = seen.get(appid);
    seen.set(appid, now);
    if (before === undefined) return;
    if (now.version < before.version) {
      this.fail(`${hub.name} went back in ${appid} from version ${before.version} to ${now.version}`);
    }
    if (now.version === before.version && now.value !== before.value) {
      this.fail(`${hub.name} has two tokens of ${appid} with version ${now.version}`);
    }
    if (now.bornAt < before.bornAt - CALL_MS) {
      this.fail(`${hub.name} replaced a newer token of ${appid} by an older one, version ${now.version}`);
    }
  }

  /** A record was written: never an older token over a newer one. */
  stored(appid: string, record: string): void {
    const [, , , fence] = record.split(' ');
    const value = record.slice(record.indexOf(' raw:') + 5);
    const bornAt = this.model.validity(value)?.bornAt;
    const before = this.#stored.get(appid);
    if (bornAt === undefined) return;
    const tolerance = fence === '0' ? CALL_MS : 0;
    if (before !== undefined && bornAt < before - tolerance) {
      this.fail(
        `an older token of ${appid} was stored over a newer one: ${record.split(' ').slice(0, 4).join(' ')}`,
      );
    }
    this.#stored.set(appid, bornAt);
  }

  /** Redis lost its memory, or some of it. */
  storeLost(appid: string, value: string | undefined): void {
    const bornAt = value === undefined ? undefined : this.model.validity(value)?.bornAt;
    if (bornAt === undefined) this.#stored.delete(appid);
    else this.#stored.set(appid, bornAt);
  }

  /** A call is sent. */
  called(hub: SimulatedHub, app: AppSettings, sent: 'sent' | 'second'): void {
    if (sent === 'second') this.fail(`${hub.name} has two calls for ${app.appid} under way`);
    const { now } = this.world;
    const quiet = this.coordination.quietMs > HEALED_MS;
    this.#pace(app.appid, quiet, now);
    if (app.tokenApi !== 'token') return;
    const calm = quiet && this.upstream.quietMs > HEALED_MS;
    const before = this.#lastMint.get(app.appid);
    this.#lastMint.set(app.appid, { at: now, quiet: calm });
    const life = this.lifeMs(app.appid);
    const apart = life - Math.min(app.refreshAheadSeconds * 1000, life / 2) - 3000;
    if (before?.quiet === true && calm && now - before.at < apart) {
      this.fail(
        `${app.appid} was minted twice in ${Math.round((now - before.at) / 1000)} s, by ${hub.name} last`,
      );
    }
  }

  /** While Redis is sound: at most the first retry after 1 s, then 5 s apart, over all replicas. */
  #pace(appid: string, quiet: boolean, now: number): void {
    const calls = (this.#calls.get(appid) ?? []).filter((at) => at > now - 4900);
    calls.push(now);
    this.#calls.set(appid, calls);
    const tooMany = quiet && calls.length > 2 && calls[1]! - calls[0]! > FIRST_FAILURES;
    if (tooMany || (quiet && calls.length > 3)) {
      this.fail(`${appid} was asked about ${calls.length} times within 5 s`);
    }
  }

  /** Everything has been quiet for long: all hold the same. */
  healed(hubs: readonly SimulatedHub[], app: AppSettings, record: string | null): void {
    const held = hubs.map((hub) => {
      const reading = hub.cache.read(app.appid);
      return reading?.kind === 'held' ? `${reading.held.version} ${reading.held.value.reveal()}` : 'nothing';
    });
    const [, , version] = (record ?? '').split(' ');
    const stored = record === null ? 'nothing' : `${version} ${record.slice(record.indexOf(' raw:') + 5)}`;
    if (new Set([...held, stored]).size > 1) {
      this.fail(
        `hubs and store hold different tokens of ${app.appid}: ${[...held, stored].map(shorten).join('; ')}`,
      );
    }
  }

  /** Remembered as well: some of the code in between takes any error for a failed attempt. */
  fail(message: string): never {
    this.violation ??= new Violation(message);
    throw this.violation;
  }
}

function shorten(text: string): string {
  return text.slice(0, 24);
}
