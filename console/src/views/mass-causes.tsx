import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api.js';
import { useSession, useTexts } from '../context.js';
import type { CauseGroup, Model } from '../model.js';
import { causeText, fixText } from '../texts/causes.js';
import { CopyButton } from './copy-button.js';
import { StateIcon } from './icons.js';
import { RunbookLink } from './runbook-link.js';

interface Props {
  readonly model: Model;
  readonly groups: readonly CauseGroup[];
  readonly onShow: (text: string) => void;
}

/** One row for each cause that many apps have: what it is, what to do, and one act for all of them. */
export function MassCauses({ model, groups, onShow }: Props): JSX.Element | null {
  const { t } = useTexts();
  if (groups.length === 0) return null;
  return (
    <section class="mass" aria-label={t.mass.label}>
      {groups.map((group) => (
        <MassCause key={group.key} model={model} group={group} onShow={onShow} />
      ))}
    </section>
  );
}

function MassCause({
  model,
  group,
  onShow,
}: {
  readonly model: Model;
  readonly group: CauseGroup;
  readonly onShow: Props['onShow'];
}): JSX.Element {
  const { t, language } = useTexts();
  const session = useSession();
  const [isBusy, setBusy] = useState(false);
  const { error, apps } = group;
  const reason = error.errcode === null ? undefined : String(error.errcode);

  const refresh = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      const { refreshing } = await session.api.refreshFailing(reason);
      session.say(t.mass.refreshing(refreshing.length));
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      session.say(failure.text(t), true);
    }
    setBusy(false);
    session.hurry();
  };

  return (
    <div class="banner mass-cause">
      <StateIcon state="failing" />
      <p>
        <b>
          {causeText(error, language)} <span class="errcode">{error.errcode ?? error.cause}</span> ·{' '}
          {t.mass.apps(apps.length)}
        </b>
        <span>{fixText(error, language)}</span>
      </p>
      <div class="mass-acts">
        {error.addresses.length > 0 && (
          <CopyButton text={error.addresses.join('\n')} label={t.mass.copyAddresses} wide />
        )}
        <CopyButton text={apps.map(({ appid }) => appid).join('\n')} label={t.mass.copyAppids} wide />
        {error.errcode !== null && (
          <button
            class="button"
            type="button"
            onClick={() => {
              onShow(String(error.errcode));
            }}
          >
            {t.mass.show}
          </button>
        )}
        <RunbookLink
          model={model}
          page={error.class === 'transient' ? 'WxhubTokenEndsSoon' : 'WxhubWeChatRefuses'}
        />
        {session.mayAct && (
          <button
            class="button button-main"
            type="button"
            aria-disabled={isBusy}
            onClick={() => void refresh()}
          >
            {t.mass.refresh}
          </button>
        )}
      </div>
    </div>
  );
}
