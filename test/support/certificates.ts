import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/**
 * Certificates for tests, made when they are needed: Node reads X.509 but makes none, and not every machine has
 * openssl. ECDSA P-256, DER by hand (X.690, RFC 5280), as much of it as TLS in tests takes.
 */
export interface Certificate {
  readonly name: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** Who signs it; itself where this is left out. */
  readonly issuer?: Certificate;
  readonly isAuthority?: boolean;
  /** Default: an hour ago until in a day. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const HOUR_MS = 3_600_000;

/** For localhost and 127.0.0.1. `name`: the common name. */
export function makeCertificate(name: string, options: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const { issuer, isAuthority = false } = options;
  const notBefore = options.notBefore ?? new Date(Date.now() - HOUR_MS);
  const notAfter = options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS);
  const tbs = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(issuer?.name ?? name),
    sequence(utcTime(notBefore), utcTime(notAfter)),
    commonName(name),
    spki,
    tagged(3, sequence(...extensions(isAuthority, spki))),
  );
  const signature = sign('sha256', tbs, issuer?.privateKey ?? privateKey);
  const der = sequence(tbs, ECDSA_WITH_SHA256, bitString(signature));
  return {
    name,
    cert: pem(der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    privateKey,
  };
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function extensions(isAuthority: boolean, spki: Buffer): Buffer[] {
  const isTrue = element(0x01, Buffer.of(0xff));
  const names = sequence(
    element(0x82, Buffer.from('localhost')),
    // iPAddress
    element(0x87, Buffer.of(127, 0, 0, 1)),
  );
  const keyId = createHash('sha1').update(spki).digest();
  return [
    // basicConstraints, critical
    sequence(oid('551d13'), isTrue, octets(isAuthority ? sequence(isTrue) : sequence())),
    sequence(oid('551d11'), octets(names)),
    sequence(oid('551d0e'), octets(octets(keyId))),
  ];
}

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...bytes), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

/** Positive, its first bit 0. */
function integer(bytes: Buffer): Buffer {
  return element(0x02, bytes);
}

function octets(content: Buffer): Buffer {
  return element(0x04, content);
}

function bitString(content: Buffer): Buffer {
  return element(0x03, Buffer.concat([Buffer.of(0), content]));
}

function tagged(number: number, content: Buffer): Buffer {
  return element(0xa0 + number, content);
}

/** From its encoded bytes in hex. */
function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'));
}

function commonName(name: string): Buffer {
  return sequence(element(0x31, sequence(oid('550403'), element(0x0c, Buffer.from(name)))));
}

/** Two digits of the year: until 2049. */
function utcTime(date: Date): Buffer {
  return element(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}
