import { FakeClock } from '../../test/support/fake-clock.js';
import { HubEvents } from '../events/hub-events.js';
import { EMPTY_SNAPSHOT } from '../config/reload/hub-snapshot.js';
import { AuditTrail, type AuditRecord } from './audit-trail.js';

describe('the trail', () => {
  const events = new HubEvents();
  const trail = new AuditTrail(new FakeClock(Date.UTC(2026, 10, 25)), events, { current: EMPTY_SNAPSHOT });
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

  it('what one tenant brings in thousands drives out its own', () => {
    const first = { act: 'request.denied', outcome: 'denied' } as const;
    for (const client of ['a/backend', 'b/backend']) trail.record({ ...first, client });
    for (let index = 0; index < 6000; index++) trail.record({ ...first, client: 'noisy/backend' });
    const clients = trail.recent(10_000).map(({ client }) => client);
    expect(['a/backend', 'b/backend'].every((client) => clients.includes(client))).toBe(true);
    for (let index = 0; index < 300; index++) trail.record({ ...first, client: 'c/backend' });
    const counts = ['noisy', 'c', 'a', 'b'].map(
      (tenant) => trail.recent(10_000).filter(({ client }) => client === `${tenant}/backend`).length,
    );
    expect(counts[0]! + counts[1]!).toBeGreaterThanOrEqual(200);
    expect(Math.abs(counts[0]! - counts[1]!)).toBeLessThanOrEqual(1);
    expect(counts.slice(2)).toEqual([1, 1]);
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
