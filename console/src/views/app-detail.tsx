import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AppAnswer, AppRow } from '../../../src/console/wire.js';
import { useSession, useTexts } from '../context.js';
import { dueIn, fromNow, moment } from '../format.js';
import { callsOf, stateOf, type Model } from '../model.js';
import { causeText, fixText } from '../texts/causes.js';
import { AppActions } from './app-actions.js';
import { AuditList } from './audit-list.js';
import { CallsChart } from './chart.js';
import { Dialog } from './dialog.js';
import { CopyButton } from './copy-button.js';
import { LifeBar } from './life-bar.js';
import { ProblemCard } from './problem-card.js';
import { QuotaSection } from './quota-section.js';
import { TroubledElsewhere } from './replicas.js';
import { StateBadge } from './state-badge.js';

const SHOWN_RECORDS = 8;

interface Props {
  readonly appid: string;
  readonly model: Model;
  readonly now: number;
  readonly onClose: () => void;
}

/** All that there is to know of one app, and what can be done. */
export function AppDetail({ appid, model, now, onClose }: Props): JSX.Element {
  const { t, language } = useTexts();
  const answer = useAppAnswer(appid, model.hub.lastReload?.at);
  const app = model.apps.get(appid);
  if (app === undefined) {
    return (
      <Dialog form="sheet" heading={appid} onClose={onClose}>
        <p class="empty">{model.complete ? t.detail.gone : t.list.loading}</p>
      </Dialog>
    );
  }
  const calls = callsOf(app, model, now);
  const records = model.audit.filter((record) => record.appid === appid).slice(0, SHOWN_RECORDS);
  return (
    <Dialog form="sheet" heading={app.name ?? appid} onClose={onClose}>
      <div class="detail-top">
        <StateBadge state={stateOf(app, now)} refreshing={app.refreshing} />
        <code>{appid}</code>
        <CopyButton text={appid} label={t.detail.copy} />
      </div>
      <LifeBar
        life={app.life}
        now={now}
        nextRefreshAt={app.nextRefreshAt}
        fails={app.failures > 0}
        none={app.tokenApi === 'none' ? t.life.loginOnly : t.life.none}
        isNoLack={app.tokenApi === 'none'}
      />
      <TroubledElsewhere model={model} appid={appid} />
      <ProblemCard model={model} app={app} now={now} />
      {app.tokenApi !== 'none' && <AppActions app={app} now={now} />}
      <section>
        <h3>{t.detail.calls}</h3>
        <CallsChart calls={calls} className="chart chart-tall" now={now} />
        <p class="chart-legend" aria-hidden="true">
          <span>{t.chart.from}</span>
          <span>
            <i class="key-calls" /> {t.chart.calls} <i class="key-failures" /> {t.chart.failures}
          </span>
          <span>{t.chart.to}</span>
        </p>
      </section>
      {answer?.traffic.gateway != null && (
        <section>
          <h3>{t.detail.gateway}</h3>
          <CallsChart calls={answer.traffic.gateway} className="chart chart-tall" now={now} />
        </section>
      )}
      {answer?.traffic.logins != null && (
        <section>
          <h3>{t.detail.loginCalls}</h3>
          <CallsChart calls={answer.traffic.logins} className="chart chart-tall" now={now} />
        </section>
      )}
      <section>
        <h3>{t.detail.facts}</h3>
        <Facts app={app} now={now} />
      </section>
      {app.tickets.length > 0 && (
        <section>
          <h3>{t.detail.tickets}</h3>
          {app.tickets.map((ticket) => (
            <div key={ticket.type} class="ticket">
              <code>{ticket.type}</code>
              <StateBadge
                state={ticket.state}
                refreshing={ticket.refreshing}
                help={t.ticketHelp[ticket.state]}
              />
              <span class="muted">
                {ticket.nextRefreshAt === null
                  ? t.detail.ticketRests
                  : dueIn(ticket.nextRefreshAt, now, language)}
              </span>
              <LifeBar life={ticket.life} now={now} none={t.life.noTicket} fails={ticket.failures > 0} />
              {ticket.failures > 0 && ticket.lastError !== null && (
                <p class="ticket-error">
                  <b>{causeText(ticket.lastError, language)}</b>{' '}
                  <span>{fixText(ticket.lastError, language)}</span>
                </p>
              )}
            </div>
          ))}
        </section>
      )}
      <QuotaSection appid={appid} />
      <section>
        <h3>{t.detail.clients}</h3>
        <GrantedClients answer={answer} />
      </section>
      <section>
        <h3>{t.detail.audit}</h3>
        {records.length === 0 ? (
          <p class="muted">{t.detail.noAudit}</p>
        ) : (
          <AuditList records={records} now={now} brief />
        )}
      </section>
    </Dialog>
  );
}

function Facts({ app, now }: { readonly app: AppRow; readonly now: number }): JSX.Element {
  const { t, language } = useTexts();
  const time = (at: number | null | undefined): string =>
    at === null || at === undefined
      ? t.life.never
      : `${moment(at, language)} (${fromNow(at, now, language)})`;
  const facts: [string, string][] = [
    [t.detail.tokenApi, app.tokenApi],
    [t.detail.version, String(app.life?.version ?? t.life.never)],
    [t.detail.issued, time(app.life?.issuedAt)],
    [t.detail.expires, time(app.life?.expiresAt)],
    [t.detail.next, time(app.nextRefreshAt)],
    [t.detail.last, time(app.lastRefreshAt)],
  ];
  if (app.force !== null) facts.push([t.detail.force, t.detail.forceOf(app.force.left)]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What callers do is asked for anew so often, ms. */
const ASKED_EVERY_MS = 10_000;

/** Asked for while the detail is open, and at once when the configuration may have changed. */
function useAppAnswer(appid: string, reloadedAt: number | undefined): AppAnswer | undefined {
  const { api } = useSession();
  const [answer, setAnswer] = useState<AppAnswer>();
  useEffect(() => {
    let isCurrent = true;
    const ask = (): void => {
      api.app(appid).then(
        (given) => {
          if (isCurrent) setAnswer(given);
        },
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, ASKED_EVERY_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [api, appid, reloadedAt]);
  return answer;
}

function GrantedClients({ answer }: { readonly answer: AppAnswer | undefined }): JSX.Element {
  const { t } = useTexts();
  if (answer === undefined) return <p class="muted">…</p>;
  const { clients, logins } = answer;
  if (clients.length === 0) return <p class="muted">{t.detail.noClients}</p>;
  return (
    <>
      <ul class="granted">
        {clients.map(({ id, may }) => (
          <li key={id}>
            <span>{id}</span>
            <span class="chips">
              {may.map((act) => (
                <span key={act} class="chip" title={t.clients.actHelp[act]}>
                  {t.clients.acts[act]}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {logins !== null && (
        <p class="muted logins">{t.detail.logins(logins.granted, logins.refused, logins.failed)}</p>
      )}
    </>
  );
}
