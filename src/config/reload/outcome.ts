import { problemsOfTenant, type ConfigProblem } from '../apps-file/problem.js';
import { diffOfTenant, type HubSnapshot, type SnapshotDiff } from './hub-snapshot.js';

/** Issuers are not named in what is told. */
type ToldDiff = Omit<SnapshotDiff, 'issuersChanged'>;

export type ReloadOutcome =
  | ({
      readonly ok: true;
      /** AppSecrets that cannot be had: their apps go without, or on with the ones they had. */
      readonly warnings: readonly ConfigProblem[];
    } & ToldDiff)
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      /** Of a folder: what the files without problems brought. `undefined`: nothing has changed. */
      readonly brought?: ToldDiff | undefined;
    };

/** What is told of a reading that took effect. @param told.only a tenant, which is told of its own alone */
export function outcomeOf(
  all: SnapshotDiff,
  told: {
    readonly only: string | undefined;
    readonly snapshot: HubSnapshot;
    readonly problems: readonly ConfigProblem[];
    readonly warnings: readonly ConfigProblem[];
  },
): ReloadOutcome {
  const { only, snapshot } = told;
  const { issuersChanged: _, ...diff } = only === undefined ? all : diffOfTenant(all, only, snapshot);
  const own = (problems: readonly ConfigProblem[]): readonly ConfigProblem[] =>
    only === undefined ? problems : problemsOfTenant(problems, only);
  const problems = own(told.problems);
  if (problems.length > 0) return { ok: false, problems, brought: diff };
  return { ok: true, warnings: own(told.warnings), ...diff };
}
