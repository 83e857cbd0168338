import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AppRow } from '../../../src/console/wire.js';
import { ApiError } from '../api.js';
import { useSession, useTexts } from '../context.js';
import { Dialog } from './dialog.js';

type Act = 'refresh' | 'force';

/** Refresh and forced refresh; both say first what they do where that can hurt. */
export function AppActions({ app, now }: { readonly app: AppRow; readonly now: number }): JSX.Element {
  const { t } = useTexts();
  const session = useSession();
  const [asking, setAsking] = useState<Act>();
  const [isBusy, setBusy] = useState(false);
  const isMint = app.tokenApi === 'token';

  const act = async (what: Act): Promise<void> => {
    if (isBusy) return;
    setAsking(undefined);
    setBusy(true);
    try {
      await session.api.refresh(app.appid, what === 'force');
      session.say(what === 'force' ? t.act.forced(app.appid) : t.act.done(app.appid));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.say(error.text(t), true);
      if (error.status === 401) session.denied();
    }
    setBusy(false);
    session.hurry();
  };

  if (!session.mayAct) {
    return (
      <section class="actions">
        <h3>{t.act.heading}</h3>
        <p class="muted">{t.act.signIn}</p>
        <button class="button" type="button" onClick={session.signIn}>
          {t.session.signIn}
        </button>
      </section>
    );
  }
  return (
    <section class="actions">
      <h3>{t.act.heading}</h3>
      <div class="action-buttons">
        <button
          class="button button-main"
          type="button"
          aria-disabled={isBusy}
          onClick={() => {
            if (isMint) setAsking('refresh');
            else void act('refresh');
          }}
        >
          {isBusy ? t.act.refreshing : t.act.refresh}
        </button>
        {!isMint && (
          <button
            class="button button-danger"
            type="button"
            aria-disabled={isBusy}
            onClick={() => {
              setAsking('force');
            }}
          >
            {t.act.force}
          </button>
        )}
        <span class="muted">{isMint ? '' : t.act.refreshHelp}</span>
      </div>
      {asking !== undefined && (
        <Confirm
          app={app}
          act={asking}
          now={now}
          onCancel={() => {
            setAsking(undefined);
          }}
          onConfirm={() => void act(asking)}
        />
      )}
    </section>
  );
}

interface ConfirmProps {
  readonly app: AppRow;
  readonly act: Act;
  readonly now: number;
  readonly onCancel: () => void;
  readonly onConfirm: () => void;
}

function Confirm({ app, act, now, onCancel, onConfirm }: ConfirmProps): JSX.Element {
  const { t } = useTexts();
  const isForce = act === 'force';
  const left = app.force?.left ?? 0;
  const waitSeconds = isForce ? Math.max(0, Math.ceil(((app.force?.notBefore ?? 0) - now) / 1000)) : 0;
  const isBarred = waitSeconds > 0;
  return (
    <Dialog
      form="box"
      role="alertdialog"
      heading={isForce ? t.act.forceTitle : t.act.mintTitle}
      onClose={onCancel}
    >
      <p class="confirm-app">
        {app.name ?? ''} <code>{app.appid}</code>
      </p>
      <p class="warning">{isForce ? t.act.forceText : t.act.mintText}</p>
      {isForce && (
        <>
          <p>{t.act.forceUse}</p>
          <Budget left={left} />
          <p class="confirm-wait" role="status">
            {left === 0 ? t.act.forceNone : isBarred ? t.act.forceWait(waitSeconds) : ''}
          </p>
        </>
      )}
      <div class="dialog-buttons">
        <button class="button" type="button" onClick={onCancel}>
          {t.act.cancel}
        </button>
        <button
          class="button button-danger-solid"
          type="button"
          aria-disabled={isBarred}
          onClick={() => {
            if (!isBarred) onConfirm();
          }}
        >
          {isForce ? t.act.forceConfirm : t.act.mintConfirm}
        </button>
      </div>
    </Dialog>
  );
}

/** WeChat's 20 forced refreshes of a day, those left filled. */
function Budget({ left }: { readonly left: number }): JSX.Element {
  const { t } = useTexts();
  return (
    <div class="budget">
      <div class="budget-cells" aria-hidden="true">
        {Array.from({ length: 20 }, (_, index) => (
          <i key={index} class={index < left ? 'left' : ''} />
        ))}
      </div>
      <p>{t.act.forceBudget(left)}</p>
    </div>
  );
}
