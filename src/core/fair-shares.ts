/** Whose calls and bytes are counted together. */
export interface Holder {
  readonly appid: string;
  /** `undefined`: there are no tenants. */
  readonly tenant?: string | undefined;
}

/** What one holder has of what is shared. */
export interface Share {
  /** How much more it may take now. */
  readonly room: number;
  /** Takes so much, or gives it back where it is negative; {@link room} was looked at before. */
  add(amount: number): void;
}

/**
 * How much more one that has `mine` may take of what is `free`: whoever takes leaves as much for the others as it then
 * has. One that takes all it can has half, the next half of what is left; who has nothing gets the last one.
 */
export function roomBeside(mine: number, free: number): number {
  if (free <= 0) return 0;
  const half = Math.max(0, Math.floor((free - mine) / 2));
  return mine === 0 ? Math.max(half, Math.min(1, free)) : half;
}

interface Count {
  count: number;
}

/**
 * Something bounded that all apps of a process share: places for calls, bytes of memory. This is where it is decided
 * who may have how much of it.
 *
 * - A tenant leaves as much for the others as it has, and so does an app for those of its tenant.
 * - Without tenants an app may have {@link Bounds.mostOfApp}; where there is none, as much as it leaves for the others.
 */
export class FairShares {
  readonly #bounds: Bounds;
  readonly #all: Count = { count: 0 };
  /** Apps and tenants are few and stay: entries are not removed. */
  readonly #tenants = new Map<string, Tenant>();
  readonly #apps = new Map<string, Share>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** By all holders together. */
  get taken(): number {
    return this.#all.count;
  }

  of({ appid, tenant }: Holder): Share {
    if (tenant === undefined) return this.#appAmong(this.#apps, appid, undefined);
    let known = this.#tenants.get(tenant);
    if (known === undefined) this.#tenants.set(tenant, (known = { count: 0, apps: new Map() }));
    return this.#appAmong(known.apps, appid, known);
  }

  #appAmong(apps: Map<string, Share>, appid: string, tenant: Tenant | undefined): Share {
    let known = apps.get(appid);
    if (known === undefined) apps.set(appid, (known = new AppShare(this.#bounds, this.#all, tenant)));
    return known;
  }
}

export interface Bounds {
  readonly most: number;
  /** Default: what the others leave. */
  readonly mostOfApp?: number;
}

interface Tenant extends Count {
  readonly apps: Map<string, Share>;
}

class AppShare implements Share {
  #mine = 0;

  constructor(
    private readonly bounds: Bounds,
    private readonly all: Count,
    private readonly tenant: Tenant | undefined,
  ) {}

  get room(): number {
    const { most, mostOfApp } = this.bounds;
    const left = most - this.all.count;
    const ofApp = (mostOfApp ?? most) - this.#mine;
    if (this.tenant !== undefined)
      return Math.min(ofApp, roomBeside(this.#mine, roomBeside(this.tenant.count, left)));
    return Math.min(ofApp, mostOfApp === undefined ? roomBeside(this.#mine, left) : left);
  }

  add(amount: number): void {
    this.#mine += amount;
    this.all.count += amount;
    if (this.tenant !== undefined) this.tenant.count += amount;
  }
}
