import { classifyErrcode } from '../core/wechat-error.js';
import { HubEvents, type RefreshEnded } from '../events/hub-events.js';
import type { CacheStats } from '../token-cache/cache-stats.js';
import type { AppLabels } from './app-labels.js';
import { RefreshMetrics } from './refresh-metrics.js';

const failed = (errcode: number): RefreshEnded => ({
  appid: 'wx1',
  kind: 'stable_token',
  trigger: 'schedule',
  forced: false,
  outcome: 'failed',
  fingerprint: undefined,
  durationMs: 1,
  version: undefined,
  error: classifyErrcode(errcode, ''),
  failures: 1,
  remainingMs: 0,
  nextAttemptAt: 0,
});

it('an upstream that makes up errcodes without end makes no time series without end', () => {
  const events = new HubEvents();
  const metrics = new RefreshMetrics(
    events,
    {} as CacheStats,
    { of: (appid) => `appid="${appid}"` } as AppLabels,
  );
  events.emit('refreshEnded', failed(40125));
  for (let errcode = 1_000_000; errcode < 1_010_000; errcode += 1)
    events.emit('refreshEnded', failed(errcode));
  events.emit('refreshEnded', failed(40125));
  const lines = [...metrics.attempts.lines()];
  expect(lines.length).toBeLessThanOrEqual(1 + 201);
  expect(lines).toContain(
    'wxhub_refreshes_total{appid="wx1",kind="stable_token",result="failed",reason="40125"} 2\n',
  );
  expect(lines.at(-1)).toMatch(/reason="other"} 9801\n$/);
});
