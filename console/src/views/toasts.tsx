import { createContext, type JSX } from 'preact';
import { useCallback, useContext, useRef, useState } from 'preact/hooks';

const SHOWN_MS = 7000;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

export function useToasts(): {
  readonly toasts: readonly Toast[];
  readonly say: (text: string, isBad?: boolean) => void;
} {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const nextId = useRef(0);
  const say = useCallback((text: string, isBad = false) => {
    const id = nextId.current++;
    setToasts((shown) => [...shown.slice(-2), { id, text, isBad }]);
    setTimeout(() => {
      setToasts((shown) => shown.filter((toast) => toast.id !== id));
    }, SHOWN_MS);
  }, []);
  return { toasts, say };
}

export const ToastsContext = createContext<readonly Toast[]>([]);

/**
 * In the page from the beginning, so that screen readers hear what is put in; and again in each dialog, since a modal
 * covers what is outside of it, for eyes and ears alike.
 */
export function Toasts(): JSX.Element {
  const toasts = useContext(ToastsContext);
  return (
    <div class="toasts" role="status">
      {toasts.map(({ id, text, isBad }) => (
        <p key={id} class={isBad ? 'toast toast-bad' : 'toast'}>
          {text}
        </p>
      ))}
    </div>
  );
}
