import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api.js';
import { useSession, useTexts } from '../context.js';
import { count } from '../format.js';
import { Dialog } from './dialog.js';

/** What is looked up first: the call that most apps run out of. */
const FIRST_PATH = '/cgi-bin/message/custom/send';

/** What WeChat says of the app's quotas and of its refused calls, and the one act that clears all of them. */
export function QuotaSection({ appid }: { readonly appid: string }): JSX.Element | null {
  const { t, language } = useTexts();
  const { api, mayAct, say, denied, hurry } = useSession();
  const [result, setResult] = useState<ComponentChildren>();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  if (!mayAct) return null;

  /** @returns whether it was done */
  const doing = async (act: () => Promise<ComponentChildren>): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      setResult(await act());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const wechat = error.errcode === undefined ? '' : ` (${t.problem.errcode(error.errcode)})`;
      setResult(undefined);
      say(
        error.code === 'HUB_BAD_REQUEST' ? t.quota.malformed : `${t.quota.failed(error.text(t))}${wechat}`,
        true,
      );
      if (error.status === 401) denied();
    }
    setBusy(false);
    hurry();
  };

  const look = (path: string): Promise<void> =>
    doing(async () => {
      const { quota, rate_limit: rate } = await api.quota(appid, path);
      const number = (value: number | undefined): string =>
        value === undefined ? '–' : count(value, language);
      return (
        <dl class="facts">
          <Fact name={t.quota.path} value={path} isCode />
          <Fact name={t.quota.used} value={t.quota.usedOf(number(quota?.used), number(quota?.daily_limit))} />
          <Fact name={t.quota.remain} value={number(quota?.remain)} />
          {rate?.call_count !== undefined && (
            <Fact name={t.quota.rate} value={t.quota.rateOf(rate.call_count, rate.refresh_second ?? 60)} />
          )}
        </dl>
      );
    });

  const lookUpRid = (rid: string): Promise<void> =>
    doing(async () => {
      const fields = Object.entries(await api.rid(appid, rid));
      return (
        <dl class="facts">
          {fields.map(([name, value]) => (
            <Fact
              key={name}
              name={name}
              value={typeof value === 'string' ? value : JSON.stringify(value)}
              isCode
            />
          ))}
        </dl>
      );
    });

  return (
    <section class="quota">
      <h3>{t.quota.heading}</h3>
      <Ask
        label={t.quota.pathLabel}
        button={t.quota.look}
        initial={FIRST_PATH}
        isBusy={isBusy}
        onAsk={look}
      />
      <Ask label={t.quota.ridLabel} button={t.quota.lookRid} initial="" isBusy={isBusy} onAsk={lookUpRid} />
      <div class="quota-result" role="status">
        {result}
      </div>
      <button
        class="button button-danger"
        type="button"
        aria-disabled={isBusy}
        onClick={() => {
          setAsking(true);
        }}
      >
        {t.quota.clear}
      </button>
      {isAsking && (
        <Dialog
          form="box"
          role="alertdialog"
          heading={t.quota.clearTitle}
          onClose={() => {
            setAsking(false);
          }}
        >
          <p class="confirm-app">
            <code>{appid}</code>
          </p>
          <p class="warning">{t.quota.clearText}</p>
          <div class="dialog-buttons">
            <button
              class="button"
              type="button"
              onClick={() => {
                setAsking(false);
              }}
            >
              {t.act.cancel}
            </button>
            <button
              class="button button-danger-solid"
              type="button"
              onClick={() => {
                setAsking(false);
                void doing(async () => {
                  const { left } = await api.clearQuota(appid);
                  say(t.quota.cleared(left));
                  return <p>{t.quota.cleared(left)}</p>;
                });
              }}
            >
              {t.quota.clearConfirm}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function Fact({
  name,
  value,
  isCode = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly isCode?: boolean;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{isCode ? <code>{value}</code> : value}</dd>
    </div>
  );
}

interface AskProps {
  readonly label: string;
  readonly button: string;
  readonly initial: string;
  readonly isBusy: boolean;
  readonly onAsk: (text: string) => Promise<void>;
}

function Ask({ label, button, initial, isBusy, onAsk }: AskProps): JSX.Element {
  const [text, setText] = useState(initial);
  return (
    <form
      class="quota-ask"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') void onAsk(text.trim());
      }}
    >
      <label>
        <span>{label}</span>
        <input
          type="text"
          value={text}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <button class="button" type="submit" aria-disabled={isBusy}>
        {button}
      </button>
    </form>
  );
}
