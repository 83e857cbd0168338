/** One name of Node's `subjectaltname`: a value with a comma, a quote or the like is a JSON string. */
const NAME = /(DNS|URI|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The URIs and DNS names of a certificate, of the text that Node makes of its subjectAltName:
 * `DNS:orders.example, URI:spiffe://prod/orders, IP Address:10.0.0.1`. Where the text is of another form, none.
 */
export function certificateNames(subjectAltName: string | undefined): readonly string[] {
  if (subjectAltName === undefined || subjectAltName === '') return [];
  const names: string[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < subjectAltName.length) {
    const [, kind, value] = NAME.exec(subjectAltName) ?? [];
    if (kind === undefined || value === undefined) return [];
    const name = value.startsWith('"') ? unquoted(value) : value;
    if (name === undefined) return [];
    // A DNS name with a colon would be taken for a URI, and the other way round.
    const isNamedSo = kind === 'URI' ? name.includes(':') : kind === 'DNS' && !name.includes(':');
    if (isNamedSo) names.push(name);
  }
  return names;
}

function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
