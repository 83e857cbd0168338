import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls';
import { isCertificate } from '../certificate.js';
import type { HubEnvironment } from './environment.js';

export type RedisTlsFiles = Pick<HubEnvironment, 'redisCaFile' | 'redisCertFile' | 'redisKeyFile'>;

/**
 * What the hub shows to Redis, and what it takes from it, by TLS. The files are read for each connection: what has
 * changed holds from the next one on. Where they cannot be used (half of a rotation is written), the last good ones do.
 */
export class RedisTls {
  #digest = '';
  #context: SecureContext;
  #refused: string | undefined;

  /**
   * @param onTrouble files that were good are so no longer; once per kind of trouble. Names files, never their content.
   * @throws {Error} where the files are not good now, one line.
   */
  constructor(
    private readonly files: RedisTlsFiles,
    private readonly onTrouble: (message: string) => void = () => undefined,
  ) {
    this.#context = this.#read();
  }

  /** For any number of clients: read anew by each `tls.connect` that spreads or copies it. */
  get options(): ConnectionOptions {
    const current = () => this.#current();
    return {
      get secureContext() {
        return current();
      },
    };
  }

  #current(): SecureContext {
    try {
      this.#context = this.#read();
      this.#refused = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#refused) this.onTrouble(message);
      this.#refused = message;
    }
    return this.#context;
  }

  #read(): SecureContext {
    const { redisCaFile, redisCertFile, redisKeyFile } = this.files;
    const ca = readOne('HUB_REDIS_CA_FILE', redisCaFile);
    const cert = readOne('HUB_REDIS_CERT_FILE', redisCertFile);
    const key = readOne('HUB_REDIS_KEY_FILE', redisKeyFile);
    const digest = digestOf([ca, cert, key]);
    if (digest === this.#digest) return this.#context;
    if (ca !== undefined && !isCertificate(ca)) {
      // OpenSSL takes a file without any: every server would be refused, and nobody would know why.
      throw new Error(`HUB_REDIS_CA_FILE: ${String(redisCaFile)} holds no PEM certificate; check the path`);
    }
    let context: SecureContext;
    try {
      context = createSecureContext({ ca, cert, key });
    } catch (error) {
      const code = String((error as { code?: unknown }).code);
      throw new Error(
        `HUB_REDIS_CERT_FILE, HUB_REDIS_KEY_FILE: not a PEM certificate and its private key (${code}); ` +
          'check that both are PEM files of the same pair',
        { cause: error },
      );
    }
    this.#digest = digest;
    return context;
  }
}

function readOne(variable: string, file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw new Error(`${variable}: ${file} cannot be read (${code}); check the path and the permissions`, {
      cause: error,
    });
  }
}

function digestOf(parts: readonly (Buffer | undefined)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part?.length ?? -1}:`).update(part ?? '');
  return hash.digest('hex');
}
