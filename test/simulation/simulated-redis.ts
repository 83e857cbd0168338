import { LuaScripts, type LuaValue } from './lua.js';

interface Entry {
  readonly value: string | readonly string[];
  /** On Redis's own clock; `undefined`: for ever. */
  readonly expiresAt: number | undefined;
}

/**
 * A Redis in memory that runs the store's real scripts. Its memory can be lost, or go back to an older one, as after a
 * failover to a replica that lagged; its clock can be off.
 */
export class SimulatedRedis {
  #memory = new Map<string, Entry>();
  #older: { readonly at: number; readonly memory: Map<string, Entry> }[] = [];
  readonly #scripts: LuaScripts;
  readonly #subscribers = new Set<(text: string) => void>();
  /** By how much its clock is off, ms. */
  skewMs = 0;
  /** Called with each write of a text, and who writes. */
  onSet: (key: string, value: string, writer: string) => void = () => undefined;
  #writer = '';

  constructor(private readonly time: () => number) {
    this.#scripts = new LuaScripts((command, args) => this.#call(command, args));
  }

  get now(): number {
    return Math.floor(this.time() + this.skewMs);
  }

  run(source: string, keys: readonly string[], args: readonly (string | number)[], writer: string): LuaValue {
    this.#writer = writer;
    return this.#scripts.run(source, keys, args);
  }

  get(key: string): string | null {
    const { value } = this.#live(key) ?? {};
    return typeof value === 'string' ? value : null;
  }

  publish(text: string): void {
    for (const subscriber of this.#subscribers) subscriber(text);
  }

  subscribe(subscriber: (text: string) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Another with the same memory, as of now: the old master after a failover that it has not heard of. */
  fork(): SimulatedRedis {
    const other = new SimulatedRedis(this.time);
    other.#memory = new Map(this.#memory);
    other.skewMs = this.skewMs;
    return other;
  }

  /** Killed and started again. */
  empty(): void {
    this.#memory.clear();
    this.#older = [];
  }

  /** Keeps what a lagging replica would have; see {@link rollBack}. */
  snapshot(): void {
    this.#older.push({ at: this.time(), memory: new Map(this.#memory) });
    if (this.#older.length > 8) this.#older.shift();
  }

  /**
   * A replica takes over that had not heard of the last `ms`.
   * @returns up to when it knows all
   */
  rollBack(ms: number): number {
    const then = this.#older.findLast(({ at }) => at <= this.time() - ms);
    if (then === undefined) return this.time();
    this.#memory = new Map(then.memory);
    this.#older = this.#older.filter(({ at }) => at <= then.at);
    this.snapshot();
    return then.at;
  }

  #live(key: string): Entry | undefined {
    const entry = this.#memory.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > this.now) return entry;
    this.#memory.delete(key);
    return undefined;
  }

  #call(command: string, args: readonly string[]): LuaValue {
    const [key = '', ...rest] = args;
    switch (command) {
      case 'TIME':
        // fengari's integers have 32 bits; Redis's Lua knows floats alone.
        return [`${Math.floor(this.now / 1000)}.0`, `${(this.now % 1000) * 1000}.0`];
      case 'GET':
        return this.get(key);
      case 'SET':
        return this.#set(key, rest);
      case 'DEL':
        return Number(this.#live(key) !== undefined && this.#memory.delete(key));
      case 'PTTL':
        return (this.#live(key)?.expiresAt ?? this.now) - this.now;
      case 'PUBLISH':
        this.publish(rest[0] ?? '');
        return this.#subscribers.size;
      default:
        throw new Error(`the simulated Redis does not know ${command}`);
    }
  }

  #set(key: string, [value = '', ...options]: readonly string[]): LuaValue {
    if (options.includes('NX') && this.#live(key) !== undefined) return null;
    const px = options.indexOf('PX');
    const life = px < 0 ? undefined : Number(options[px + 1]);
    if (life !== undefined && !(life > 0)) throw new Error('ERR invalid expire time');
    this.#memory.set(key, { value, expiresAt: life === undefined ? undefined : this.now + life });
    this.onSet(key, value, this.#writer);
    return 'OK';
  }
}
