/**
 * Whether a browser sent the request: `Origin`, `Cookie` or any of `Sec-Fetch-*` came with it. One exception: `fetch` of
 * Node sends `Sec-Fetch-Mode: cors` and nothing else of these; a browser sends `Sec-Fetch-Site` with it (Fetch Metadata,
 * section 3), and no page can leave that out. What comes from a browser may be the
 * deed of any page that somebody at that address has open, so the address says nothing about who wants it.
 *
 * @param headers names in lower case, as Node gives them
 */
export function isFromBrowser(headers: Readonly<Record<string, unknown>>): boolean {
  if (headers.origin !== undefined || headers.cookie !== undefined) return true;
  for (const name in headers) {
    if (name.startsWith('sec-fetch-') && !(name === 'sec-fetch-mode' && headers[name] === 'cors'))
      return true;
  }
  return false;
}
