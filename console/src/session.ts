/** The admin's key, for this tab and until it is closed: never in localStorage, a cookie or an address. */
const NAME = 'wechat-token-hub.key';

export function rememberedKey(): string | undefined {
  return sessionStorage.getItem(NAME) ?? undefined;
}

export function rememberKey(key: string): void {
  sessionStorage.setItem(NAME, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(NAME);
}
