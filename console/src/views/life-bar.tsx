import type { JSX } from 'preact';
import type { LifeRow } from '../../../src/console/wire.js';
import { useTexts } from '../context.js';
import { span } from '../format.js';

/** Below this a token is about to end; the hub itself presses on from here. */
const SHORT_MS = 10 * 60_000;

interface Props {
  readonly life: LifeRow | null;
  readonly now: number;
  /** Marked on the bar where given. */
  readonly nextRefreshAt?: number | null;
  /** In the place of a life, where there is none; default: that there is no token. */
  readonly none?: string;
  /** That there is none is as it should be. */
  readonly isNoLack?: boolean;
  /** Its renewal fails: it is not as good as it looks. */
  readonly fails?: boolean;
}

/** What is left of a life, as words and as a bar that runs down. */
export function LifeBar({
  life,
  now,
  nextRefreshAt = null,
  none,
  isNoLack = false,
  fails = false,
}: Props): JSX.Element {
  const { t, language } = useTexts();
  const left = life === null ? 0 : Math.max(0, life.expiresAt - now);
  const share = life === null ? 0 : Math.min(1, left / life.lifeMs);
  const words =
    life === null ? (none ?? t.life.none) : left === 0 ? t.life.ended : t.life.left(span(left, language));
  const level =
    life === null && isNoLack
      ? 'good'
      : left === 0
        ? 'out'
        : fails || (left < SHORT_MS && share < 0.25)
          ? 'short'
          : 'good';
  const next =
    life === null || nextRefreshAt === null ? undefined : (life.expiresAt - nextRefreshAt) / life.lifeMs;
  return (
    <div class={`life life-${level}`}>
      <span class="life-words">{words}</span>
      <div class="life-track" aria-hidden="true">
        <div class="life-fill" style={{ transform: `scaleX(${share.toFixed(4)})` }} />
        {next !== undefined && next > 0 && next < share && (
          <i class="life-next" style={{ left: `${(next * 100).toFixed(2)}%` }} />
        )}
      </div>
    </div>
  );
}
