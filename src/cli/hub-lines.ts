import { spanEn } from '../notices/wording/span.js';
import { painter, type CommandContext } from './command.js';
import { callHub, problemLine, type ProblemOfFile } from './hub-api.js';
import { timeOf } from './times.js';

interface Replica {
  readonly instance: string;
  readonly version: string;
  readonly startedAt: string;
  readonly lastReload: { readonly at: string; readonly ok: boolean } | null;
}

/** What GET /admin/hub answers. */
export interface HubState {
  readonly name: string | null;
  readonly store: { readonly kind: 'memory' | 'redis'; readonly awaySince: string | null };
  /** The one that answered first. */
  readonly replicas: readonly Replica[];
  readonly problems: readonly ProblemOfFile[];
}

/** `undefined`: a hub of before, which does not tell. */
export async function hubOf(
  context: CommandContext,
  values: Parameters<typeof callHub>[1],
): Promise<HubState | undefined> {
  const { status, body } = await callHub(context, values, 'GET', '/admin/hub');
  if (status !== 200 || !Array.isArray(body.replicas)) return undefined;
  return body as unknown as HubState;
}

export function isHubWell({ store, replicas, problems }: HubState): boolean {
  return (
    store.awaySince === null && problems.length === 0 && replicas.every((one) => one.lastReload?.ok !== false)
  );
}

/** `40 apps: 38 valid, 1 failing, 1 unavailable`, and the hub itself. */
export function printHub(
  context: CommandContext,
  apps: readonly { readonly state: string }[],
  { name, store, replicas, problems }: HubState,
): void {
  const paint = painter(context.coloured);
  const counts = ['valid', 'failing', 'unavailable'].map(
    (state) => [state, apps.filter((app) => app.state === state).length] as const,
  );
  const told = counts.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  context.out('');
  context.out(`${apps.length} app(s)${told.length === 0 ? '' : `: ${told.join(', ')}`}`);
  if (store.awaySince !== null) {
    context.out(paint('red', `Redis has been away since ${timeOf(context, store.awaySince)}`));
    context.out(
      '  Each replica serves on with the tokens that it holds, and renews by itself; doctor looks at each server.',
    );
  } else context.out(store.kind === 'redis' ? 'Redis can be reached' : 'memory store, one replica');
  replicas.forEach(({ instance, version, startedAt, lastReload }, nth) => {
    const up = spanEn(Date.now() - Date.parse(startedAt));
    const of = nth > 0 ? '' : name === null ? ' (this one)' : ` (this one, ${name})`;
    const line = `replica ${instance}${of}: ${version}, up ${up}`;
    if (lastReload?.ok === false) {
      context.out(`${line}, ${paint('red', `refused its file at ${timeOf(context, lastReload.at)}`)}`);
      context.out(
        '  It goes on with the one before: mend the file, or see its console or log for the problems.',
      );
    } else context.out(line);
  });
  for (const problem of problems) context.out(problemLine(problem));
}
