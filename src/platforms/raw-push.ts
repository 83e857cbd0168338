/** A push as it came. */
export interface RawPush {
  /** As in the path. */
  readonly platform: string;
  /** Without the `?`. */
  readonly query: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
}
