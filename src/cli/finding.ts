/** What a look at one thing has shown, for people. Free of secrets. */
export interface Finding {
  readonly what: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  readonly fix?: string | undefined;
}
