import type { Act } from '../core/access/client.js';

const acts = new WeakMap<object, Act>();
const open = new WeakSet<object>();

/**
 * What a caller needs in `may` to use this route. The app is the route's `:appid`, where it has one.
 * A route with neither this nor {@link Open} is refused to everybody (test/architecture.spec.ts looks for such).
 */
export function May(act: Act) {
  return (_target: object, _name: string | symbol, descriptor: { readonly value?: unknown }): void => {
    if (typeof descriptor.value === 'function') acts.set(descriptor.value, act);
  };
}

/** A route without credentials: the probes. */
export function Open() {
  return (_target: object, _name: string | symbol, descriptor: { readonly value?: unknown }): void => {
    if (typeof descriptor.value === 'function') open.add(descriptor.value);
  };
}

export function actOf(handler: object): Act | undefined {
  return acts.get(handler);
}

export function isOpen(handler: object): boolean {
  return open.has(handler);
}
