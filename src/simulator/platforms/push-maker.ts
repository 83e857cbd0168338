import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** What a push is signed and encrypted with. */
export interface PushKeys {
  readonly appid: string;
  readonly token: string;
  /** EncodingAESKey, 43 characters. */
  readonly aesKey: string;
}

/** A push as it goes out. */
export interface MadePush {
  readonly query: string;
  readonly body: string;
}

/** Signs and encrypts as WeChat does. @param now epoch ms */
export function makePush(keys: PushKeys, message: string, now: number): MadePush {
  const timestamp = String(Math.floor(now / 1000));
  const nonce = randomBytes(8).toString('hex');
  const encrypted = encrypt(keys, message);
  const sign = (parts: readonly string[]): string =>
    createHash('sha1')
      .update([...parts].sort().join(''))
      .digest('hex');
  const query = new URLSearchParams({
    signature: sign([keys.token, timestamp, nonce]),
    timestamp,
    nonce,
    encrypt_type: 'aes',
    msg_signature: sign([keys.token, timestamp, nonce, encrypted]),
  });
  return {
    query: query.toString(),
    body: `<xml><AppId><![CDATA[${keys.appid}]]></AppId><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
  };
}

function encrypt({ appid, aesKey }: PushKeys, message: string): string {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const text = Buffer.from(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const plain = Buffer.concat([randomBytes(16), length, text, Buffer.from(appid)]);
  const padding = 32 - (plain.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([plain, Buffer.alloc(padding, padding)]);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64');
}

/** A message: fields as CDATA, numbers bare. */
export function messageOf(fields: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(fields).map(([name, value]) =>
    typeof value === 'number' ? `<${name}>${value}</${name}>` : `<${name}><![CDATA[${value}]]></${name}>`,
  );
  return `<xml>${parts.join('')}</xml>`;
}
