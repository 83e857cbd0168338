import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ShownCertificate } from '../core/access/identity.js';
import { certificateNames } from '../identities/rules/certificate-names.js';

/** A connection has one certificate, read once. */
const known = new WeakMap<Socket, ShownCertificate>();
const NONE: ShownCertificate = { names: [], expiresAt: 0 };

/**
 * The client certificate of a connection to the hub's own TLS listener, where HUB_TLS_CLIENT_CA_FILE demands one and it
 * was found good. What a proxy says of certificates is never looked at.
 */
export function certificateOf(socket: Socket): ShownCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  let certificate = known.get(socket);
  if (certificate === undefined) known.set(socket, (certificate = read(socket)));
  return certificate.names.length === 0 ? undefined : certificate;
}

function read(socket: TLSSocket): ShownCertificate {
  const shown = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (shown === undefined) return NONE;
  const names = certificateNames(shown.subjectAltName);
  return names.length === 0 ? NONE : { names, expiresAt: Date.parse(shown.validTo) };
}
