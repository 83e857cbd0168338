import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Api, ApiError } from '../api.js';
import { useTexts } from '../context.js';
import { Brand } from './icons.js';

/** What a header can carry; anything else is no key, and is not sent. */
const SENDABLE = /^[!-~]{1,256}$/;

interface Props {
  /** Why the last key was refused. */
  readonly error: ApiError | undefined;
  /** A key that the hub accepts. */
  readonly onKey: (key: string) => void;
  /** To looking without a key, where the hub lets. */
  readonly onBack: (() => void) | undefined;
}

export function SignIn({ error, onKey, onBack }: Props): JSX.Element {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [isChecking, setChecking] = useState(false);
  const [refused, setRefused] = useState(error);
  useEffect(() => input.current?.focus(), []);

  const submit = async (): Promise<void> => {
    const key = input.current?.value.trim() ?? '';
    if (key === '' || isChecking) return;
    setChecking(true);
    try {
      if (!SENDABLE.test(key)) throw new ApiError(401, 'HUB_UNAUTHENTICATED', '', '', 0, []);
      await new Api(key).live('');
      onKey(key);
    } catch (thrown) {
      setRefused(thrown instanceof ApiError ? thrown : undefined);
      setChecking(false);
      input.current?.select();
    }
  };

  return (
    <section class="sign-in card" aria-labelledby="sign-in">
      <Brand />
      <h1 id="sign-in">{t.session.heading}</h1>
      <p>{t.session.intro}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for="key">{t.session.key}</label>
        <input
          id="key"
          ref={input}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="key-note key-error"
          aria-invalid={refused === undefined ? undefined : 'true'}
        />
        <p id="key-error" class="form-error" role="alert">
          {refused === undefined ? '' : refused.text(t)}
        </p>
        <button class="button button-main" type="submit" aria-disabled={isChecking}>
          {isChecking ? t.session.checking : t.session.submit}
        </button>
        {onBack !== undefined && (
          <button class="button button-quiet" type="button" onClick={onBack}>
            {t.session.cancel}
          </button>
        )}
      </form>
      <p id="key-note" class="note">
        {t.session.promise}
      </p>
    </section>
  );
}
