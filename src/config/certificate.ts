import { X509Certificate } from 'node:crypto';

/** Whether PEM begins with a certificate; of several OpenSSL looks at the others. */
export function isCertificate(pem: Buffer): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
