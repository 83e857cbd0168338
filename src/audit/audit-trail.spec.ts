import { FakeClock } from '../../test/support/fake-clock.js';
import { HubEvents } from '../events/hub-events.js';
import { AuditTrail, type AuditRecord } from './audit-trail.js';

describe('the trail', () => {
  const events = new HubEvents();
  const trail = new AuditTrail(new FakeClock(Date.UTC(2026, 10, 25)), events);
  const report = { act: 'token.reported', outcome: 'throttled' } as const;

  it('numbers and dates records, and tells listeners until they go', () => {
    const heard: AuditRecord[] = [];
    const leave = trail.onRecord((record) => heard.push(record));
    trail.record({ ...report, appid: 'wx-a' });
    leave();
    trail.record({ ...report, appid: 'wx-b' });
    expect(heard).toEqual([{ seq: 1, at: '2026-11-25T00:00:00.000Z', ...report, appid: 'wx-a' }]);
  });

  it('keeps the latest 500, newest first', () => {
    for (let index = 0; index < 600; index++) trail.record(report);
    const seqs = trail.recent(10_000).map(({ seq }) => seq);
    expect(seqs).toHaveLength(500);
    expect(seqs.slice(0, 2)).toEqual([602, 601]);
    expect(trail.recent(1).map(({ seq }) => seq)).toEqual([602]);
    expect(trail.recent(0)).toEqual([]);
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
