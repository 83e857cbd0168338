import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export const AUDIENCE = 'wechat-token-hub';
export const SUBJECT = 'system:serviceaccount:shop:order-service';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public half. */
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer of tokens over real HTTP on the loopback, with faults. */
export class Issuer {
  keys: SigningKey[] = [];
  /** Epoch ms: of its tokens. */
  now: () => number = Date.now;
  /** Takes the place of every answer. */
  instead: Handler | undefined;
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[] = [];
  readonly #server = createServer((request, response) => {
    const path = request.url ?? '';
    this.requests.push({ path, authorization: request.headers.authorization });
    if (this.instead !== undefined) this.instead(request, response);
    else if (path === '/.well-known/openid-configuration')
      response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/jwks` }));
    else if (path === '/jwks') response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }));
    else response.writeHead(404).end();
  });

  static async start(...keys: SigningKey[]): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.keys = keys;
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param claims over those of a good token; `undefined` leaves one out */
  async token(
    claims: Readonly<Record<string, unknown>> = {},
    key: SigningKey | undefined = this.keys[0],
    header: object = {},
  ) {
    if (key === undefined) throw new Error('the issuer has no key');
    const now = Math.floor(this.now() / 1000);
    const good = { iss: this.url, aud: AUDIENCE, sub: SUBJECT, iat: now, exp: now + 3600 };
    const all: Readonly<Record<string, unknown>> = { ...good, ...claims };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(given)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.privateKey);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
