import type { JSX } from 'preact';
import { BUCKET_MS } from '../../../src/core/call-buckets.js';
import { useTexts } from '../context.js';
import { timeOfDay } from '../format.js';
import { sum, type Calls } from '../model.js';

const UP = 20;
const DOWN = 10;
const STEP = 4;
/** Beside a hundred calls one is still to be seen. */
const SHORTEST = 2;

interface Props {
  readonly calls: Calls;
  readonly className?: string;
  /** Words for each bar; by the hub's wall clock. */
  readonly now?: number;
}

/**
 * Calls as bars upwards, those that failed as bars downwards: told apart by place, not by colour alone. Both in one
 * scale each; at least so that a single call is seen.
 */
export function CallsChart({ calls, className = 'chart', now }: Props): JSX.Element {
  const { t, language } = useTexts();
  const total = sum(calls.calls);
  const failed = sum(calls.failures);
  const top = Math.max(4, ...calls.calls);
  const bottom = Math.max(4, ...calls.failures);
  const width = calls.calls.length * STEP;
  return (
    <svg
      class={className}
      viewBox={`0 0 ${width} ${UP + DOWN}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={total === 0 ? t.chart.none : t.chart.label(total, failed)}
    >
      <path class="chart-base" d={`M0 ${UP}H${width}`} />
      {calls.calls.map((count, index) => {
        const failures = calls.failures[index] ?? 0;
        if (count === 0 && failures === 0) return null;
        const height = SHORTEST + (count / top) * (UP - 1 - SHORTEST);
        const depth = SHORTEST + (failures / bottom) * (DOWN - 1 - SHORTEST);
        const x = index * STEP + 0.5;
        return (
          <g key={index}>
            {now !== undefined && (
              <title>
                {t.chart.bucket(
                  timeOfDay(bucketStart(now, calls.calls.length - 1 - index), language),
                  count,
                  failures,
                )}
              </title>
            )}
            <rect class="chart-calls" x={x} y={UP - height} width={STEP - 1} height={height} />
            {failures > 0 && <rect class="chart-failures" x={x} y={UP + 1} width={STEP - 1} height={depth} />}
          </g>
        );
      })}
    </svg>
  );
}

function bucketStart(now: number, back: number): number {
  return (Math.floor(now / BUCKET_MS) - back) * BUCKET_MS;
}
