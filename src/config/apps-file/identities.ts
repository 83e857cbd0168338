import { resolve } from 'node:path';
import type { ClientIdentity } from '../../core/access/identity.js';
import { didYouMean } from '../nearest-name.js';
import type { IssuerData } from './data.js';
import { complete, readEntry } from './entry.js';
import { formatPath, type Path, type Problems } from './problem.js';
import { urlFlaw } from './rules.js';
import { IDENTITY, ISSUER } from './tables.js';

/** Reads the issuers; their names and their `iss` must be unique, and there is one place for their keys. */
export function readIssuers(entries: readonly unknown[], baseDir: string, problems: Problems): IssuerData[] {
  const ids = new Map<string, Path>();
  const issuers = new Map<string, Path>();
  return entries.flatMap((plain, index) => {
    const path = ['issuers', index] as const;
    const entry = readEntry(ISSUER, plain, path, problems);
    if (entry === undefined) return [];
    const { values, present } = entry;
    if (values.id !== undefined) mustBeNew(ids, values.id, [...path, 'id'], problems);
    if (values.issuer !== undefined) mustBeNew(issuers, values.issuer, [...path, 'issuer'], problems);
    if (present.has('jwksUri') && present.has('jwksFile'))
      problems.add([...path, 'jwksFile'], 'stands beside jwksUri: keep one of the two');
    if (present.has('jwksFile'))
      for (const key of ['caFile', 'tokenFile'])
        if (present.has(key)) problems.add([...path, key], 'has no use: with jwksFile nobody is asked');
    const isDiscovered = !present.has('jwksUri') && !present.has('jwksFile');
    const flaw = isDiscovered && values.issuer !== undefined ? urlFlaw(values.issuer) : undefined;
    if (flaw !== undefined)
      problems.add([...path, 'issuer'], `${flaw}; or say with jwksUri or jwksFile where the keys are`);
    const issuer = complete(ISSUER, values);
    if (issuer === undefined) return [];
    const { jwksFile, caFile, tokenFile } = issuer;
    const absolute = (file: string | undefined) => (file === undefined ? undefined : resolve(baseDir, file));
    const files = { jwksFile: absolute(jwksFile), caFile: absolute(caFile), tokenFile: absolute(tokenFile) };
    return [{ ...issuer, ...files }];
  });
}

/** One entry of a client's `identities`: a token's issuer and subject, or a name in a certificate. */
export function readIdentity(
  plain: unknown,
  path: Path,
  issuers: ReadonlySet<string> | undefined,
  problems: Problems,
): ClientIdentity | undefined {
  const entry = readEntry(IDENTITY, plain, path, problems);
  if (entry === undefined) return undefined;
  const { present } = entry;
  const { issuer, subject, certificate } = entry.values;
  if (issuer !== undefined && issuers?.has(issuer) === false)
    problems.add([...path, 'issuer'], `is the id of no entry of issuers${didYouMean(issuer, issuers)}`);
  if (present.has('certificate')) {
    for (const key of ['issuer', 'subject'])
      if (present.has(key)) problems.add([...path, key], 'stands beside certificate: make two entries of it');
    return certificate === undefined ? undefined : { certificate };
  }
  if (!present.has('issuer') || !present.has('subject')) {
    problems.add(path, 'must have either issuer and subject, or certificate');
    return undefined;
  }
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject };
}

export function mustBeNew(seen: Map<string, Path>, value: string, path: Path, problems: Problems): void {
  const first = seen.get(value);
  if (first === undefined) {
    seen.set(value, path);
    return;
  }
  const place = `${formatPath(first)} (line ${problems.lineOf(first)})`;
  problems.add(path, `is the same as ${place}: it must be unique, change one of the two`);
}
