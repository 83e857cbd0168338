import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { HubEnvironment } from '../config/environment/environment.js';
import { isCertificate } from '../config/certificate.js';
import { codeOf, readSmallFile } from '../config/small-file.js';

/** Of all authorities that a system trusts a quarter of it. Bytes. */
const MAX_TLS_FILE_BYTES = 1024 * 1024;

/** Callers' side of HTTPS: certificate, key and, where client certificates are demanded, their authorities. */
export interface TlsMaterial extends SecureContextOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** The files of HTTPS, in the order certificate, key, authorities; `undefined` for plain HTTP. */
export function tlsFiles(environment: HubEnvironment): readonly string[] | undefined {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = environment;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  return tlsClientCaFile === undefined
    ? [tlsCertFile, tlsKeyFile]
    : [tlsCertFile, tlsKeyFile, tlsClientCaFile];
}

/**
 * Reads the files and makes sure that they belong together.
 * @throws {Error} naming the file or the mismatch; never with its content.
 */
export function readTls(files: readonly string[]): TlsMaterial {
  const [certFile, keyFile, caFile] = files;
  if (certFile === undefined || keyFile === undefined) throw new Error('certificate and key are needed');
  const material: TlsMaterial = {
    cert: readOne('HUB_TLS_CERT_FILE', certFile),
    key: readOne('HUB_TLS_KEY_FILE', keyFile),
    ca: caFile === undefined ? undefined : readOne('HUB_TLS_CLIENT_CA_FILE', caFile),
  };
  if (material.ca !== undefined && !isCertificate(material.ca)) {
    // OpenSSL takes a file without any: every client would be turned away, and nobody would know why.
    throw new Error(`HUB_TLS_CLIENT_CA_FILE: ${String(caFile)} holds no PEM certificate; check the path`);
  }
  try {
    createSecureContext(material);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    throw new Error(
      `HUB_TLS_CERT_FILE, HUB_TLS_KEY_FILE: not a PEM certificate and its private key (${String(code)}); ` +
        'check that both are PEM files of the same pair',
      { cause: error },
    );
  }
  return material;
}

/** When the certificate that is shown ends, epoch ms: the first of the file; those that signed it come after. */
export function endOf({ cert }: TlsMaterial): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

function readOne(variable: string, file: string): Buffer {
  try {
    return readSmallFile(file, MAX_TLS_FILE_BYTES).bytes;
  } catch (error) {
    const code = codeOf(error);
    throw new Error(`${variable}: ${file} cannot be read (${code}); check the path and the permissions`, {
      cause: error,
    });
  }
}
