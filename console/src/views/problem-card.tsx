import type { JSX } from 'preact';
import type { AppRow } from '../../../src/console/wire.js';
import { useTexts } from '../context.js';
import { fromNow, moment } from '../format.js';
import type { Model } from '../model.js';
import { causeText, fixText } from '../texts/causes.js';
import { RunbookLink } from './runbook-link.js';

/** Why an app fails and what to do; once it has recovered, what was. */
export function ProblemCard({
  model,
  app,
  now,
}: {
  readonly model: Model;
  readonly app: AppRow;
  readonly now: number;
}): JSX.Element | null {
  const { t, language } = useTexts();
  const error = app.lastError;
  if (error === null) return null;
  const isOver = app.failures === 0;
  return (
    <section class={isOver ? 'problem problem-over' : 'problem'}>
      <h3>{isOver ? t.problem.recovered : t.problem.heading}</h3>
      <dl>
        <div>
          <dt>{t.problem.cause}</dt>
          <dd>
            <b>{causeText(error, language)}</b>{' '}
            <span class="errcode">
              {error.errcode === null ? t.problem.noErrcode : t.problem.errcode(error.errcode)}
            </span>
          </dd>
        </div>
        {!isOver && (
          <div>
            <dt>{t.problem.fix}</dt>
            <dd>{fixText(error, language)}</dd>
          </div>
        )}
        <div>
          <dt>{t.problem.said}</dt>
          <dd lang="en">
            <code class="said">{error.errmsg}</code>
          </dd>
        </div>
        <div>
          <dt>{t.problem.when}</dt>
          <dd>
            {moment(error.at, language)} ({fromNow(error.at, now, language)})
            {isOver ? '' : ` · ${t.problem.inARow(app.failures)}`}
          </dd>
        </div>
      </dl>
      {!isOver && (
        <RunbookLink
          model={model}
          page={
            error.class !== 'transient'
              ? 'WxhubWeChatRefuses'
              : app.state === 'unavailable'
                ? 'WxhubAppWithoutToken'
                : 'WxhubTokenEndsSoon'
          }
        />
      )}
    </section>
  );
}
