import { X509Certificate } from 'node:crypto';
import type { HubEnvironment } from '../config/environment/environment.js';
import type { RedisTarget } from '../config/environment/redis-url.js';
import { codeOf, readSmallFile } from '../config/small-file.js';
import { isPublicAddress } from '../core/access/public-address.js';
import type { Finding } from './finding.js';

/*
 * What lies open to whoever is in the network, as far as it can be seen from here: listeners, certificates, the way to
 * Redis. Warnings: what stands in front of the hub is not known.
 */

const DAY_MS = 86_400_000;
const ENDS_SOON_DAYS = 14;
const MAX_FILE_BYTES = 1024 * 1024;

type Listeners = Pick<
  HubEnvironment,
  'host' | 'port' | 'opsPort' | 'tlsCertFile' | 'tlsClientCaFile' | 'trustedProxies' | 'wechatBaseUrl'
>;

/** @param addresses of this machine */
export function listenerFindings(environment: Listeners, addresses: readonly string[]): Finding[] {
  const { host, opsPort, tlsCertFile, trustedProxies, wechatBaseUrl } = environment;
  const findings: Finding[] = [];
  if (tlsCertFile === undefined && !isOfThisMachine(host) && trustedProxies.ranges.length === 0) {
    findings.push({
      what: 'callers’ port',
      result: 'warning',
      detail: `plain HTTP on ${host}: hub keys and tokens can be read on their way`,
      fix: 'set HUB_TLS_CERT_FILE and HUB_TLS_KEY_FILE; or listen on 127.0.0.1 behind a proxy that has HTTPS, and name it in HUB_TRUSTED_PROXIES',
    });
  }
  const reached = isEveryAddress(host) ? addresses : [host];
  const open = reached.filter(isPublicAddress);
  if (open.length > 0) {
    findings.push({
      what: 'ops port',
      result: 'warning',
      detail: `HUB_OPS_PORT ${opsPort} listens on public addresses (${open.join(', ')}): appids and states for everybody`,
      fix: 'close it by the firewall, or set HUB_HOST to an address inside',
    });
  }
  if (wechatBaseUrl.startsWith('http://') && !isOfThisMachine(new URL(wechatBaseUrl).hostname)) {
    findings.push({
      what: 'way to WeChat',
      result: 'warning',
      detail: 'HUB_WECHAT_BASE_URL is plain HTTP: AppSecrets can be read on their way',
      fix: 'write https://',
    });
  }
  return findings;
}

/** The certificate that callers are shown. @param wallNow epoch ms */
export function certificateFindings(certFile: string | undefined, wallNow: number): Finding[] {
  if (certFile === undefined) return [];
  const what = 'HTTPS';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readSmallFile(certFile, MAX_FILE_BYTES).bytes);
  } catch (error) {
    const detail = `HUB_TLS_CERT_FILE cannot be used (${codeOf(error)})`;
    return [{ what, result: 'problem', detail, fix: 'it is a PEM certificate, its chain behind it' }];
  }
  const weakness = weaknessOf(certificate);
  if (weakness !== undefined)
    return [{ what, result: 'warning', detail: `the certificate ${weakness}`, fix: 'have another made' }];
  const days = Math.floor((Date.parse(certificate.validTo) - wallNow) / DAY_MS);
  if (days < 0)
    return [
      {
        what,
        result: 'problem',
        detail: 'the certificate has ended',
        fix: 'renew it: the hub takes it up by itself',
      },
    ];
  if (days < ENDS_SOON_DAYS)
    return [{ what, result: 'warning', detail: `the certificate ends in ${days} days`, fix: 'renew it' }];
  return [{ what, result: 'ok', detail: `TLS 1.2 and up; the certificate ends in ${days} days` }];
}

/** NIST SP 800-57: less than 112 bits are for nobody any more. */
function weaknessOf({ publicKey }: X509Certificate): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  const bits = details?.modulusLength;
  if ((type === 'rsa' || type === 'rsa-pss') && bits !== undefined && bits < 2048)
    return `has an RSA key of ${bits} bits: too weak, take 2048 or an EC key`;
  if (
    type === 'ec' &&
    /^(?:secp|prime|sect)1\d\d/.test(details?.namedCurve ?? '') &&
    details?.namedCurve !== 'prime256v1'
  )
    return `has an EC key on ${String(details?.namedCurve)}: too weak, take prime256v1`;
  return type === 'dsa' ? 'has a DSA key: take an EC key' : undefined;
}

/** The way to a Redis that is not on this machine. */
export function redisWayFindings({ tls, places }: RedisTarget, isEncrypted: boolean): Finding[] {
  if (places.every(({ host }) => isOfThisMachine(host))) return [];
  const findings: Finding[] = [];
  if (!tls) {
    findings.push({
      what: 'way to Redis',
      result: 'warning',
      detail: `plain: its password${isEncrypted ? '' : ', and every token,'} can be read on the way`,
      fix: 'turn on TLS at Redis and write rediss:// in HUB_REDIS_URL',
    });
  }
  if (!isEncrypted) {
    findings.push({
      what: 'tokens in Redis',
      result: 'warning',
      detail: 'stored as they are: whoever reads that Redis, or a backup of it, has them',
      fix: 'set HUB_ENCRYPTION_KEYS',
    });
  }
  return findings;
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

function isOfThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
