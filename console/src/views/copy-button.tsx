import type { JSX } from 'preact';
import { useSession, useTexts } from '../context.js';
import { CopyIcon } from './icons.js';

/** Nothing where the browser gives no clipboard: on plain HTTP but for localhost. */
export function CopyButton({
  text,
  label,
  wide = false,
}: {
  readonly text: string;
  readonly label: string;
  readonly wide?: boolean;
}): JSX.Element | null {
  const { t } = useTexts();
  const { say } = useSession();
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return null;
  return (
    <button
      class={wide ? 'button' : 'button button-quiet button-icon'}
      type="button"
      aria-label={wide ? undefined : label}
      title={label}
      onClick={() => {
        clipboard.writeText(text).then(
          () => {
            say(t.detail.copied);
          },
          () => undefined,
        );
      }}
    >
      <CopyIcon />
      {wide ? label : null}
    </button>
  );
}
