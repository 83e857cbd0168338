import type { FastifyRequest } from 'fastify';
import { isFromBrowser } from '../core/access/browser.js';

/**
 * Whether a browser says that the request comes from the hub's own page, or no browser sent it. A page of another
 * site cannot send the Authorization header anyway without being asked; this holds where somebody loosens that.
 */
export function isOwnRequest(headers: FastifyRequest['headers']): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

/** Names that no public DNS server answers, so that no stranger can have them lead to the hub for a while. */
const PRIVATE_NAME = /^(?:[^.]+|.+\.(?:localhost|internal|local|lan|home\.arpa|svc))$/;

/**
 * Whether a page of another site cannot have been opened under this host name: an IP address, or a name that only the
 * machine or the network at hand knows. A public name proves nothing: whoever owns it can make it lead to the hub (DNS
 * rebinding), and the browser takes their page for the hub's own.
 */
export function isPrivateHost(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  if (hostname.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(hostname)) return true;
  return PRIVATE_NAME.test(hostname.replace(/\.$/, ''));
}

/**
 * Whether the request may see what needs no credentials: whoever is no browser, and of browsers only pages of the hub's
 * own and addresses typed in, under a host that no stranger can have lead here. Over plain HTTP browsers send no
 * `Sec-Fetch-*`: there they are known by how they call themselves.
 */
export function mayReadOpenly({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const isBrowser = isFromBrowser(headers) || headers['user-agent']?.startsWith('Mozilla/') === true;
  if (!isBrowser) return true;
  const typedIn = headers['sec-fetch-site'] === 'none' && headers.origin === undefined;
  return isPrivateHost(headers.host) && (typedIn || isOwnRequest(headers));
}
