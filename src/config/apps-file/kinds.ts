import { WRITTEN_KINDS, type WrittenKind } from '../../core/app.js';
import { KINDS, ticketTypeOf } from '../../core/kinds/kinds.js';
import type { Defaults } from './data.js';
import type { Finding, Values } from './rule.js';
import type { APP } from './tables.js';

/** Keys that mean something to apps of one kind alone. */
const KEYS_OF: Readonly<Record<WrittenKind, readonly (keyof Defaults)[]>> = {
  wechat: ['tokenApi', 'reconcileSeconds'],
  wecom: ['corpid', 'agentId'],
};

type Own = Omit<Values<typeof APP>, 'secretEnv' | 'secretFile'>;

/** An app as the file has it over the defaults that are for its kind. */
export function ofItsKind(own: Own, defaults: Defaults): Defaults & Own {
  const { corpid, agentId, ...all } = defaults;
  const kind = own.kind ?? defaults.kind;
  return kind === 'wecom'
    ? { ...all, corpid, agentId, ...own }
    : { ...all, corpid: undefined, agentId: undefined, ...own };
}

/** What is wrong with an app by the rules of its kind. @param present the keys that the file has here, right or wrong */
export function kindFindings(own: Own, defaults: Defaults, present: ReadonlySet<string>): Finding[] {
  // What kind was meant is not known.
  if (present.has('kind') && own.kind === undefined) return [];
  const kind = own.kind ?? defaults.kind;
  const findings: Finding[] = [];
  for (const other of WRITTEN_KINDS) {
    if (other === kind) continue;
    for (const key of KEYS_OF[other]) {
      if (present.has(key))
        findings.push({ at: [key], message: `has no use: it is for apps of kind: ${other}` });
    }
  }
  if (kind === 'wecom' && (own.corpid ?? defaults.corpid) === undefined && !present.has('corpid')) {
    findings.push({
      at: [],
      message: "has no corpid: write the corporation's id (ww…), as the admin console shows it",
    });
  }
  (own.tickets ?? []).forEach((type, index) => {
    if (ticketTypeOf(kind, type) === undefined)
      findings.push({
        at: ['tickets', index],
        message: `is no ticket of kind: ${kind}, which has ${KINDS[kind].tickets.join(', ')}`,
      });
  });
  if (own.tokenApi === 'none' && kind === 'wechat' && (own.tickets ?? []).length > 0)
    findings.push({
      at: ['tickets'],
      message: 'has no use: with tokenApi: none there is no token to fetch tickets with',
    });
  return findings;
}
