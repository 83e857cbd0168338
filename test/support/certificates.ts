import { generate } from 'selfsigned';

/** Certificates for tests, made when they are needed: ECDSA P-256, for localhost and 127.0.0.1. */
export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Who signs it; itself where this is left out. */
  readonly issuer?: Certificate;
  readonly isAuthority?: boolean;
  /** Default: an hour ago until in a day. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** URIs that it names as well: `spiffe://prod/order-service`. */
  readonly uris?: readonly string[];
}

const HOUR_MS = 3_600_000;

/** `name`: the common name. */
export async function makeCertificate(name: string, options: CertificateOptions = {}): Promise<Certificate> {
  const { issuer, isAuthority = false, uris = [] } = options;
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: options.notBefore ?? new Date(Date.now() - HOUR_MS),
    notAfterDate: options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          ...uris.map((value) => ({ type: 6 as const, value })),
        ],
      },
    ],
    ...(issuer === undefined ? {} : { ca: { cert: issuer.cert, key: issuer.key } }),
  });
  // Several may stand in one file.
  return { cert: `${cert.trim()}\n`, key };
}
