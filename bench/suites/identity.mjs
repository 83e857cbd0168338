import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { addRateRatio, compareInTurns } from '../lib/compare.mjs';
import { appidOf, readyMs, setScene, startHub, tokenPath } from '../lib/scene.mjs';

export const title = 'GET /v1/apps/{appid}/token by a remembered token of an issuer against a key';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const SUBJECT = 'system:serviceaccount:shop:order-service';

export async function run(report, { samples, seconds, hubArguments }) {
  const scene = await setScene(1);
  const authorization = `Bearer ${await addIdentity(scene)}`;
  const paths = [tokenPath(appidOf(0))];
  const pairs = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const hub = await startHub(scene, { nodeArguments: hubArguments });
    await readyMs(hub);
    const { a, b } = await compareInTurns(
      { name: 'identity', server: hub, options: { paths, headers: { authorization } } },
      { name: 'key', server: hub, options: { paths } },
      { seconds },
    );
    pairs.push({ ours: a, theirs: b });
    await hub.stop();
  }
  await scene.close();
  addRateRatio(report, 'identity / key', pairs, { atLeast: 0.9 });
}

/** A token as Kubernetes makes them, some 1,000 characters, and the entries by which the hub believes it. */
async function addIdentity({ appsFile, folder }) {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwksFile = join(folder, 'jwks.json');
  writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench' }] }));
  appendFileSync(
    appsFile,
    `  - id: pod
    identities: [{ issuer: cluster, subject: "${SUBJECT}" }]
    apps: "*"
    may: [read]
    requestsPerMinute: 10000000
issuers:
  - { id: cluster, issuer: "${ISSUER}", audience: wechat-token-hub, jwksFile: "${jwksFile}" }
`,
  );
  const uid = '00000000-0000-4000-8000-000000000000';
  const bound = {
    namespace: 'shop',
    node: { name: 'node-1', uid },
    pod: { name: 'order-service-6d9f8c7b5-abcde', uid },
    serviceaccount: { name: 'order-service', uid },
  };
  return new SignJWT({ 'kubernetes.io': bound, jti: uid })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(ISSUER)
    .setAudience(['wechat-token-hub'])
    .setSubject(SUBJECT)
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime('1h')
    .sign(privateKey);
}
