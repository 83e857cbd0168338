import { FakeClock } from '../../test/support/fake-clock.js';
import type { AppsConfig, HubSnapshot } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { AuditTrail, type AuditRecord } from './audit-trail.js';

describe('the trail', () => {
  const events = new HubEvents();
  const apps = new Map([['wx-of-b', { tenant: 'team-b' }]]);
  let change: (change: { snapshot: HubSnapshot }) => void = () => undefined;
  const config = {
    current: { apps },
    onChange: (listener: typeof change) => (change = listener),
  } as unknown as AppsConfig;
  const trail = new AuditTrail(new FakeClock(Date.UTC(2026, 10, 25)), events, config);
  const report = { act: 'token.reported', outcome: 'throttled' } as const;

  it('numbers and dates records, and tells listeners until they go', () => {
    const heard: AuditRecord[] = [];
    const leave = trail.onRecord((record) => heard.push(record));
    trail.record({ ...report, appid: 'wx-a' });
    leave();
    trail.record({ ...report, appid: 'wx-b' });
    expect(heard).toEqual([{ seq: 1, at: '2026-11-25T00:00:00.000Z', ...report, appid: 'wx-a' }]);
  });

  it('keeps the latest 400, newest first', () => {
    for (let index = 0; index < 600; index++) trail.record({ act: 'token.issued', outcome: 'issued' });
    const seqs = trail.recent(10_000).map(({ seq }) => seq);
    expect(seqs.slice(0, 400)).toEqual(Array.from({ length: 400 }, (_, index) => 602 - index));
    expect(trail.recent(1).map(({ seq }) => seq)).toEqual([602]);
    expect(trail.recent(0)).toEqual([]);
  });

  it.each(['throttled', 'superseded'])(
    'of reports that were %s, the latest 100 at the most, so that they drive nothing else out',
    (outcome) => {
      for (let index = 0; index < 6000; index++) trail.record({ ...report, outcome });
      const kept = trail.recent(10_000);
      expect(kept.filter((record) => record.act === 'token.issued')).toHaveLength(400);
      const reports = kept.filter((record) => record.act === 'token.reported');
      expect(reports).toHaveLength(100);
      expect(kept.slice(0, 100)).toEqual(reports);
    },
  );

  it('a report that WeChat was asked about counts like everything else', () => {
    const { seq } = trail.recent(1)[0] ?? { seq: 0 };
    trail.record({ ...report, outcome: 'refreshed' });
    for (let index = 0; index < 6000; index++) trail.record(report);
    expect(trail.recent(101)[100]).toMatchObject({ seq: seq + 1, outcome: 'refreshed' });
  });

  it('of each tenant the latest 80 acts, whatever others do, until its file goes', () => {
    const refreshed = { act: 'app.refresh', outcome: 'issued' } as const;
    trail.record({ ...refreshed, client: 'team-b/admin', appid: 'wx-of-b' });
    trail.record({ ...refreshed, client: 'operators', appid: 'wx-of-b' });
    for (let index = 0; index < 600; index++) trail.record({ ...refreshed, client: 'team-a/admin' });
    expect(trail.recent(500, 'team-b').map(({ client }) => client)).toEqual(['operators', 'team-b/admin']);
    expect(trail.recent(500, 'team-a')).toHaveLength(80);
    expect(trail.recent(500, 'team-c')).toEqual([]);
    change({ snapshot: { apps, clients: [] } as unknown as HubSnapshot });
    expect([trail.recent(500, 'team-a'), trail.recent(500, 'team-b').length]).toEqual([[], 2]);
  });

  it('goes on where a listener throws, and says so', () => {
    const troubles: string[] = [];
    events.on('troubleSeen', ({ where }) => troubles.push(where));
    const heard: number[] = [];
    trail.onRecord(() => {
      throw new Error('broken');
    });
    trail.onRecord(({ seq }) => heard.push(seq));
    trail.record(report);
    expect(heard).toHaveLength(1);
    expect(troubles).toEqual(['audit']);
  });
});
