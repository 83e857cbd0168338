import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useTexts } from '../context.js';
import { CloseIcon } from './icons.js';
import { Toasts } from './toasts.js';

interface Props {
  readonly heading: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** `sheet`: along the right edge, full screen on phones; `box`: in the middle. */
  readonly form: 'sheet' | 'box';
  /** `alertdialog` where an answer is asked for. */
  readonly role?: 'dialog' | 'alertdialog';
}

/** A modal of the browser's own: it keeps the focus, closes by Escape, and gives the focus back. */
export function Dialog({ heading, onClose, children, form, role = 'dialog' }: Props): JSX.Element {
  const { t } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = `dialog-${form}`;
  // At once, and undone at once: the focus must not rest nowhere in between.
  useLayoutEffect(() => {
    const element = dialog.current;
    // The browser would give it back too, but not when the element is taken out of the page at the same time.
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={form}
      role={role}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        // By the browser itself: a second Escape in a row asks nobody.
        if (dialog.current?.isConnected === true) onClose();
      }}
      onClick={(event) => {
        // The backdrop counts as the dialog itself.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{heading}</h2>
          <button
            class="button button-quiet button-icon"
            type="button"
            aria-label={t.detail.close}
            onClick={onClose}
          >
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
      <Toasts />
    </dialog>
  );
}
