/** `http://host/path` as a request target (RFC 9112, 3.2.2): what proxies are asked with, and every server must take. */
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/**
 * The target of a request in origin form, `/path?query`: the one place in which it is read, so that everything behind (routes,
 * drop-in endpoints behind a prefix, the gateway) sees the same. The host in it is nobody's business, as that of the `Host`
 * header: the hub serves one thing, and what it calls is configured.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const rest = target.replace(ABSOLUTE, '');
  if (rest === target) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
