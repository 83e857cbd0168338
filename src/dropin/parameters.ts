/**
 * The parameters that an SDK sends, from query and body together. WeChat reads a body as what it is, whatever its
 * Content-Type says, and so does this: JSON, or form-coded where it is no JSON object but looks like `a=b`.
 * @returns `undefined` for a body that is neither
 */
export function parametersOf(query: unknown, body: string | undefined): Record<string, unknown> | undefined {
  const fromBody = body === undefined || body.trim() === '' ? {} : (jsonObject(body) ?? formFields(body));
  return fromBody === undefined ? undefined : { ...firstValues(query), ...fromBody };
}

/** A JSON object and nothing else; white space around it and a byte order mark do not matter. */
export function jsonObject(body: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.replace(/^\uFEFF/, ''));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function formFields(body: string): Record<string, unknown> | undefined {
  if (!/^[A-Za-z_]+=/.test(body)) return undefined;
  return Object.fromEntries(new URLSearchParams(body.trim()));
}

/** Of a parameter given twice the first counts. */
function firstValues(query: unknown): Record<string, unknown> {
  if (typeof query !== 'object' || query === null) return {};
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      Array.isArray(value) ? (value[0] as unknown) : value,
    ]),
  );
}
