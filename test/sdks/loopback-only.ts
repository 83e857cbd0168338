import dns from 'node:dns';
import { isIP } from 'node:net';

/**
 * Notes every host name that this process asks for; nothing here may need one. An SDK that is pointed at 127.0.0.1
 * leaves no trace, one that goes to api.weixin.qq.com does.
 */
export class LookupWatch {
  readonly #lookup = dns.lookup;
  readonly names: string[] = [];

  constructor() {
    dns.lookup = ((name: string, ...rest: unknown[]) => {
      if (isIP(name) === 0) this.names.push(name);
      Reflect.apply(this.#lookup, dns, [name, ...rest]);
    }) as typeof dns.lookup;
  }

  end(): void {
    dns.lookup = this.#lookup;
  }
}
