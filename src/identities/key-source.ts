import { Agent, request } from 'undici';
import { codeOf, hintForFile, readSmallFileSlowly } from '../config/small-file.js';
import type { IssuerSettings } from '../core/access/identity.js';
import { readKeySet, type PublicKey } from './rules/key-set.js';
import { discoveryUrlOf, mayHaveToken, placeFlaw, readDiscovery } from './rules/places.js';

/** A key set with a hundred RSA keys of 8192 bits has less. Bytes. */
const LARGEST_ANSWER_BYTES = 256 * 1024;
const LARGEST_FILE_BYTES = 1024 * 1024;

/** For all that it takes to get an issuer's keys. Milliseconds. */
export const FETCH_LIMIT_MS = 5000;

/** @param limit ends the reading when it aborts */
export type ReadKeys = (issuer: IssuerSettings, limit: AbortSignal) => Promise<readonly PublicKey[]>;

/** Why keys could not be had: what is wrong and what to do, free of secrets. */
export class KeysUnavailable extends Error {}

/**
 * Gets the keys of an issuer, from its file or over HTTPS: one answer, or two where its discovery document says where
 * they are. Redirects are not followed, answers are bounded, and nothing is unpacked.
 * @throws {KeysUnavailable}
 */
export const readKeys: ReadKeys = async (issuer, limit) => {
  const keys = readKeySet(await keySetOf(issuer, limit));
  if (keys === undefined) throw new KeysUnavailable('what it gives is no JWK set ({"keys": […]})');
  if (keys.length === 0)
    throw new KeysUnavailable('its JWK set has no key for RS256 (2048 bits and more), ES256 or EdDSA');
  return keys;
};

async function keySetOf(issuer: IssuerSettings, limit: AbortSignal): Promise<unknown> {
  if (issuer.jwksFile !== undefined) {
    const bytes = await fileOf('jwksFile', issuer.jwksFile);
    return parsed(bytes.toString('utf8'), `jwksFile ${issuer.jwksFile}`);
  }
  const ca = issuer.caFile === undefined ? undefined : await fileOf('caFile', issuer.caFile);
  const agent = new Agent({ connect: { timeout: FETCH_LIMIT_MS, ...(ca === undefined ? {} : { ca }) } });
  try {
    const named = issuer.jwksUri ?? issuer.issuer;
    const get = async (url: string): Promise<unknown> => {
      const mayHave = issuer.tokenFile !== undefined && mayHaveToken(url, named, ca !== undefined);
      const token = mayHave ? await tokenOf(issuer.tokenFile) : undefined;
      return parsed(await textAt(url, { agent, token, limit }), url);
    };
    if (issuer.jwksUri !== undefined) return await get(issuer.jwksUri);
    const found = readDiscovery(await get(discoveryUrlOf(issuer.issuer)), issuer.issuer);
    if ('flaw' in found) throw new KeysUnavailable(found.flaw);
    return await get(found.jwksUri);
  } finally {
    // Those that hang would keep it open.
    void agent.destroy().catch(() => undefined);
  }
}

interface Way {
  readonly agent: Agent;
  readonly token: string | undefined;
  readonly limit: AbortSignal;
}

async function textAt(url: string, { agent, token, limit }: Way): Promise<string> {
  const flaw = placeFlaw(url);
  if (flaw !== undefined) throw new KeysUnavailable(`its address ${flaw}`);
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      signal: limit,
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    if (statusCode !== 200) {
      body.on('error', () => undefined).destroy();
      throw new KeysUnavailable(`${url} answers ${statusCode}${hintForStatus(statusCode)}`);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // To leave the loop destroys the body, and with it the connection.
      if (bytes > LARGEST_ANSWER_BYTES)
        throw new KeysUnavailable(`${url} answers more than ${LARGEST_ANSWER_BYTES / 1024} KiB`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error;
    if (limit.aborted) throw new KeysUnavailable(`${url} does not answer within ${FETCH_LIMIT_MS / 1000} s`);
    throw new KeysUnavailable(`${url} cannot be reached (${codeOf(error)})${hintForCode(codeOf(error))}`);
  }
}

function hintForStatus(status: number): string {
  if (status >= 300 && status < 400)
    return ': redirects are not followed, write the address that it leads to';
  if (status === 401 || status === 403)
    return ': it asks for a token (tokenFile), or for the right to read it (in Kubernetes system:service-account-issuer-discovery)';
  return '';
}

function hintForCode(code: string): string {
  if (/CERT|SELF_SIGNED|VERIFY|ISSUER/.test(code))
    return ': its certificate is of no authority that the hub trusts, name it as caFile';
  return ': look at its name, the firewall and the NetworkPolicy';
}

/** Read for each request: Kubernetes changes it. */
async function tokenOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const token = (await fileOf('tokenFile', file)).toString('utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new KeysUnavailable(`tokenFile ${file} holds no token`);
  return token;
}

async function fileOf(key: string, path: string): Promise<Buffer> {
  try {
    return (await readSmallFileSlowly(path, LARGEST_FILE_BYTES)).bytes;
  } catch (error) {
    const code = codeOf(error);
    throw new KeysUnavailable(`${key} ${path} cannot be read (${code}): ${hintForFile(code)}`);
  }
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeysUnavailable(`${place} is no JSON`);
  }
}
