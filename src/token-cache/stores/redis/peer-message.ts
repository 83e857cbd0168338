import type { SharedFailure } from '../../../core/coordination.js';
import { APPID_PATTERN, TICKET_TYPES } from '../../../core/app.js';
import type { CredentialSlot } from '../../../core/credential.js';
import { MOST_TROUBLED, type ReplicaView } from '../../../core/replica-view.js';
import { retoldError } from '../../../core/retold-error.js';
import type { HeardReplica, PeerEvent, ReplicaNote } from '../../token-store.js';

/** What travels between replicas. Never a token: a message says where to look. */
export type Message =
  | Exclude<PeerEvent, { kind: 'missed' }>
  /** A replica says that it is there. */
  | ({ readonly kind: 'here' } & ReplicaNote);
export type ReadMessage = Exclude<Message, { kind: 'here' }> | ({ readonly kind: 'here' } & HeardReplica);

/** `origin`: the replica that tells it, which does not listen to itself. */
export function writeMessage(origin: string, message: Message): string {
  return JSON.stringify({ origin, ...message });
}

/** `undefined`: its own, or not a message that this hub knows. A later hub may send others. Never throws. */
export function readMessage(self: string, text: string): ReadMessage | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(read) || read.origin === self) return undefined;
  const { appid } = read;
  if (read.kind === 'reload') return { kind: 'reload' };
  if (read.kind === 'removed') {
    const appids = Array.isArray(read.appids) ? read.appids.filter(isAppid) : [];
    return { kind: 'removed', appids };
  }
  if (read.kind === 'here') return readReplica(read);
  if (!isAppid(appid)) return undefined;
  switch (read.kind) {
    case 'platform':
      return { kind: 'platform', appid };
    case 'changed':
      return isSlot(read.slot) ? { kind: 'changed', appid, slot: read.slot } : undefined;
    case 'failed': {
      const { slot, retryInMs } = read;
      if (!isSlot(slot) || !isCount(retryInMs)) return undefined;
      const failure = readFailure(read.failure, slot);
      return failure === undefined ? undefined : { kind: 'failed', appid, slot, failure, retryInMs };
    }
    default:
      return undefined;
  }
}

/** Names as DNS has them, and versions as npm has. */
const NAME = /^[\w.+-]{1,253}$/;

function readReplica({ origin, instance, version, upMs, reload, view }: Record<string, unknown>) {
  const isName = (read: unknown): read is string => typeof read === 'string' && NAME.test(read);
  if (!isName(origin) || !isName(instance) || !isName(version) || !isCount(upMs)) return undefined;
  const last =
    isRecord(reload) && typeof reload.ok === 'boolean' && isCount(reload.agoMs)
      ? { ok: reload.ok, agoMs: reload.agoMs }
      : undefined;
  return { kind: 'here' as const, id: origin, instance, version, upMs, reload: last, view: readView(view) };
}

function readView(read: unknown): ReplicaView | undefined {
  if (!isRecord(read)) return undefined;
  const { valid, failing, unavailable, troubled } = read;
  if (!isCount(valid) || !isCount(failing) || !isCount(unavailable) || !Array.isArray(troubled))
    return undefined;
  return { valid, failing, unavailable, troubled: troubled.filter(isAppid).slice(0, MOST_TROUBLED) };
}

function readFailure(read: unknown, slot: CredentialSlot): SharedFailure | undefined {
  if (!isRecord(read) || !isRecord(read.error)) return undefined;
  const { fence, credentialsId } = read;
  const error = retoldError(read.error, slot === 'token' ? 'token' : 'ticket');
  if (error === undefined) return undefined;
  return {
    error,
    fence: isCount(fence) ? fence : undefined,
    credentialsId: typeof credentialsId === 'string' ? credentialsId : undefined,
  };
}

function isRecord(read: unknown): read is Record<string, unknown> {
  return typeof read === 'object' && read !== null;
}

function isAppid(read: unknown): read is string {
  return typeof read === 'string' && APPID_PATTERN.test(read);
}

function isSlot(read: unknown): read is CredentialSlot {
  return read === 'token' || TICKET_TYPES.some((type) => type === read);
}

function isCount(read: unknown): read is number {
  return Number.isFinite(read) && (read as number) >= 0;
}
