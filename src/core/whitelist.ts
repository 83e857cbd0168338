import { parseAddress } from './access/address.js';

/** The calling address is not on a whitelist; WeChat's words may name it: {@link addressesIn}. */
export const WHITELIST_ERRCODES: ReadonlySet<number> = new Set([40164, 61004, 45035, 60020, 40090]);

/** The addresses that WeChat names in a refusal by whitelist, at most two (IPv4 and IPv6), each in its usual spelling. */
export function addressesIn(errmsg: string): readonly string[] {
  const found = new Set<string>();
  for (const word of errmsg.split(/[^\w.:]+/)) {
    const address = addressOf(word);
    if (address !== undefined && !NO_ADDRESS.has(address)) found.add(address);
  }
  return [...found].slice(0, 2);
}

const NO_ADDRESS: ReadonlySet<string> = new Set(['::', '0.0.0.0']);

/** `240e::1`, `1.2.3.4.`, `ip:1.2.3.4`, `ipv6:240e::1:` */
function addressOf(word: string): string | undefined {
  const bare = word.replace(/^\w*[g-z_]\w*:/i, '').replace(/\.+$/, '');
  const ipv4 = /(?<![\d.])\d+(?:\.\d+){3}(?![\d.])/.exec(bare)?.[0] ?? '';
  return (parseAddress(bare) ?? parseAddress(bare.replace(/:$/, '')) ?? parseAddress(ipv4))?.text;
}
