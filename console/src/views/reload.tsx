import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem, ReloadedAnswer } from '../../../src/console/wire.js';
import { problemInChinese } from '../../../src/notices/wording/problem-zh.js';
import { ApiError } from '../api.js';
import { useSession, useTexts } from '../context.js';
import { fromNow } from '../format.js';
import type { Model } from '../model.js';
import { Dialog } from './dialog.js';
import { ReloadIcon, StateIcon } from './icons.js';
import { RunbookLink } from './runbook-link.js';

/** Appids that are listed; beyond, the count says it. */
const LISTED = 30;

type Outcome =
  | { readonly ok: true; readonly answer: ReloadedAnswer }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads apps.yaml anew, and shows what became of it. */
export function ReloadButton(): JSX.Element | null {
  const { t } = useTexts();
  const session = useSession();
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  if (!session.mayAct) return null;

  const reload = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      setOutcome({ ok: true, answer: await session.api.reload() });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.problems.length > 0) setOutcome({ ok: false, problems: error.problems });
      else session.say(error.text(t), true);
    }
    setBusy(false);
    session.hurry();
  };

  return (
    <>
      <button class="button reload" type="button" aria-disabled={isBusy} onClick={() => void reload()}>
        <ReloadIcon />
        {isBusy ? t.reload.busy : t.reload.button}
      </button>
      {outcome !== undefined && (
        <ReloadOutcome
          outcome={outcome}
          onClose={() => {
            setOutcome(undefined);
          }}
        />
      )}
    </>
  );
}

/** The last reload was refused, whoever asked for it: the file and what runs differ. */
export function ReloadBanner({
  model,
  now,
}: {
  readonly model: Model;
  readonly now: number;
}): JSX.Element | null {
  const { t, language } = useTexts();
  const [isShown, show] = useState(false);
  const last = model.hub.lastReload;
  if (last === null || last.ok) return null;
  return (
    <div class="banner">
      <StateIcon state="failing" />
      <p>{t.reload.banner(fromNow(last.at, now, language))}</p>
      <button
        class="button"
        type="button"
        onClick={() => {
          show(true);
        }}
      >
        {t.reload.show}
      </button>
      <RunbookLink model={model} page="WxhubConfigRefused" />
      {isShown && (
        <ReloadOutcome
          outcome={{ ok: false, problems: last.problems }}
          onClose={() => {
            show(false);
          }}
        />
      )}
    </div>
  );
}

function ReloadOutcome({
  outcome,
  onClose,
}: {
  readonly outcome: Outcome;
  readonly onClose: () => void;
}): JSX.Element {
  const { t } = useTexts();
  return (
    <Dialog form="box" heading={outcome.ok ? t.reload.done : t.reload.refused} onClose={onClose}>
      {outcome.ok ? <Taken answer={outcome.answer} /> : <Problems problems={outcome.problems} />}
      <div class="dialog-buttons">
        <button class="button button-main" type="button" onClick={onClose}>
          {t.reload.close}
        </button>
      </div>
    </Dialog>
  );
}

function Taken({ answer }: { readonly answer: ReloadedAnswer }): JSX.Element {
  const { t } = useTexts();
  const { added, changed, removed, unchanged } = answer;
  const lists = [
    [t.reload.added, added],
    [t.reload.changed, changed],
    [t.reload.removed, removed],
  ] as const;
  return (
    <>
      <p>{t.reload.counts(added.length, changed.length, removed.length, unchanged)}</p>
      {lists.map(([name, appids]) =>
        appids.length === 0 ? null : (
          <p key={name}>
            {name}:{' '}
            {appids.slice(0, LISTED).map((appid) => (
              <code key={appid} class="appid">
                {appid}
              </code>
            ))}
            {appids.length > LISTED && t.clients.more(appids.length - LISTED)}
          </p>
        ),
      )}
    </>
  );
}

function Problems({ problems }: { readonly problems: readonly Problem[] }): JSX.Element {
  const { t, language } = useTexts();
  return (
    <>
      <p>{t.reload.problems(problems.length)}</p>
      <div class="problems" tabIndex={0} role="region" aria-label={t.reload.problems(problems.length)}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.reload.line}</th>
              <th scope="col">{t.reload.path}</th>
              <th scope="col">{t.reload.message}</th>
            </tr>
          </thead>
          <tbody>
            {problems.map(({ file, line, path, message }, index) => (
              <tr key={index}>
                <td>{file === undefined ? line : `${file}:${line}`}</td>
                <td>
                  <code>{path}</code>
                </td>
                <td>{language === 'zh' ? problemInChinese(message) : message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
