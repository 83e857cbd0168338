import { jest } from '@jest/globals';
import type { ValueMap } from './evaluate.js';
import { GoOracle } from './oracle.js';
import { coalesce, render, type ChartInput } from './render.js';

/** The renderer itself, row by row; where Go and sprig are installed, each row is Go's answer as well. */

jest.setTimeout(60_000);

let oracle: GoOracle | undefined;
beforeAll(() => {
  oracle = GoOracle.compile();
  if (oracle === undefined)
    process.stderr.write('Go or sprig is not installed: rows are not compared with Go\n');
});
afterAll(() => {
  oracle?.dispose();
});

const VALUES: ValueMap = {
  name: 'hub',
  empty: '',
  zero: 0,
  three: 3,
  yes: true,
  no: false,
  none: null,
  list: ['a', 'b'],
  emptyList: [],
  map: { b: 'two', a: 'one' },
  emptyMap: {},
  nested: { deep: { er: 'found' } },
};
const inputOf = (template: string, helpers = ''): ChartInput => ({
  templates: { 'a.txt': template, '_h.tpl': helpers },
  files: { 'files/x.yaml': 'groups:\n  - name: "{{ $labels.a }}"\n' },
  root: { Values: VALUES, Release: { Name: 'rel' } },
});

const HELPERS = `{{- define "h.name" -}}
{{ .Values.name }}-{{ .Release.Name }}
{{- end }}
{{- define "h.lines" -}}
a: 1
b: {{ . | quote }}
{{- end }}
{{- define "h.nothing" -}}
{{- if .Values.no }}x{{ end }}
{{- end }}`;

it.each<readonly [string, string, string]>([
  ['text alone', 'plain text\n', 'plain text\n'],
  ['a value', '[{{ .Values.name }}]', '[hub]'],
  ['numbers of values and literals', '{{ .Values.three }} {{ 7 }} {{ .Values.zero }}', '3 7 0'],
  ['truth', '{{ .Values.yes }}{{ .Values.no }}', 'truefalse'],
  ['deep, and what is not there', '{{ .Values.nested.deep.er }}{{ .Values.nested.other }}.', 'found.'],
  ['trims on the left', 'a \n {{- .Values.name }} b', 'ahub b'],
  ['trims on the right', 'a {{ .Values.name -}} \n b', 'a hubb'],
  ['comments', 'a{{/* x */}}b {{- /* y */ -}} c', 'abc'],
  ['braces in strings', '{{ "}}" }}{{ `{{` }}', '}}{{'],
  ['if', '{{ if .Values.name }}y{{ else }}n{{ end }}', 'y'],
  ...['empty', 'zero', 'no', 'none', 'emptyList', 'emptyMap', 'missing'].map(
    (key) => [`if not ${key}`, `{{ if .Values.${key} }}y{{ else }}n{{ end }}`, 'n'] as const,
  ),
  ['else if', '{{ if .Values.no }}1{{ else if .Values.yes }}2{{ else }}3{{ end }}', '2'],
  ['with', '{{ with .Values.nested }}{{ .deep.er }}{{ $.Values.name }}{{ end }}', 'foundhub'],
  ['with else', '{{ with .Values.empty }}x{{ else }}{{ .Values.name }}{{ end }}', 'hub'],
  ['range over a list', '{{ range .Values.list }}<{{ . }}>{{ end }}', '<a><b>'],
  ['range with index', '{{ range $i, $v := .Values.list }}{{ $i }}={{ $v }};{{ end }}', '0=a;1=b;'],
  [
    'range over a map, sorted',
    '{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }}',
    'a=one;b=two;',
  ],
  ['range with one variable', '{{ range $v := .Values.list }}{{ $v }}{{ end }}', 'ab'],
  ['range else', '{{ range .Values.emptyList }}x{{ else }}none{{ end }}', 'none'],
  ['variables', '{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ $x := "c" }}{{ end }}{{ $x }}', 'b'],
  ['the root in a range', '{{ range .Values.list }}{{ $.Values.name }}{{ end }}', 'hubhub'],
  [
    'a pipe gives the last argument',
    '{{ .Values.empty | default "d" }}{{ default "d" .Values.name }}',
    'dhub',
  ],
  ['quote', '{{ .Values.name | quote }} {{ quote .Values.three }} {{ quote .Values.none }}.', '"hub" "3" .'],
  ['quote of quotes', '{{ "a\\"b" | quote }}', '"a\\"b"'],
  ['and, or', '{{ and .Values.yes .Values.name }} {{ or .Values.empty .Values.three }}', 'hub 3'],
  [
    'and stops',
    '{{ if and .Values.no (fail "never") }}x{{ end }}{{ or .Values.yes (fail "never") }}',
    'true',
  ],
  ['not, eq, ne', '{{ not .Values.no }} {{ eq .Values.name "x" "hub" }} {{ ne 1 2 }}', 'true true true'],
  [
    'int compared',
    '{{ gt (int .Values.three) 2 }} {{ lt (int .Values.three) (int (add 1 2)) }}',
    'true false',
  ],
  ['printf', '{{ printf "%s-%d-%v" .Values.name (int 5) .Values.three }}', 'hub-5-3'],
  [
    'strings',
    '{{ "abc-" | trunc 4 | trimSuffix "-" }}{{ contains "b" "abc" }}{{ "a+b" | replace "+" "_" }}',
    'abctruea_b',
  ],
  ['indent', '{{ "a\\nb" | indent 2 }}|{{ "a" | nindent 1 }}', '  a\n  b|\n a'],
  ['sha256sum', '{{ sha256sum "abc" | trunc 8 }}', 'ba7816bf'],
  ['toYaml', '{{ toYaml .Values.map }}', 'a: one\nb: two'],
  ['toYaml of nothing', '{{ toYaml .Values.emptyList }} {{ toYaml .Values.emptyMap }}', '[] {}'],
  [
    'list, dict, concat',
    '{{ toYaml (concat (list "a") .Values.list) }}{{ (dict "k" "v").k }}',
    '- a\n- a\n- bv',
  ],
  ['include', '{{ include "h.name" . }}', 'hub-rel'],
  ['include and nindent', 'x:{{ include "h.lines" "q" | nindent 2 }}', 'x:\n  a: 1\n  b: "q"'],
  ['an empty include is false', '{{ if include "h.nothing" . }}x{{ else }}y{{ end }}', 'y'],
  ['required', '{{ required "m" .Values.name }}', 'hub'],
  ['a field of parentheses', '{{ (index .Values "nested").deep.er }}', 'found'],
  [
    'files and fromYaml',
    '{{ range (.Files.Get "files/x.yaml" | fromYaml).groups }}{{ .name }}{{ end }}',
    '{{ $labels.a }}',
  ],
  ['no such file', '{{ .Files.Get "no" | fromYaml | toYaml }}', '{}'],
])('%s', (_name, template, expected) => {
  const input = inputOf(template, HELPERS);
  expect(render(input)).toEqual({ 'a.txt': expected });
  if (oracle !== undefined) expect(oracle.render(input)).toEqual({ 'a.txt': expected });
});

it.each([
  ['a field of nil', '{{ .Values.missing.deeper }}', /nil pointer/],
  ['an int with a float', '{{ gt .Values.three 2 }}', /incompatible types/],
  ['a string with a number', '{{ eq .Values.name 2 }}', /incompatible types/],
  ['fail', '{{ fail "because" }}', /because/],
  ['required', '{{ required "is needed" .Values.empty }}', /is needed/],
  ['no such template', '{{ include "h.none" . }}', /h\.none/],
  ['no such function', '{{ frobnicate 1 }}', /frobnicate/],
  ['no such variable', '{{ $nope }}', /nope/],
  ['no end', '{{ if .Values.yes }}x', /end|EOF/],
  ['an end too many', 'x{{ end }}', /end|outside/],
  ['parentheses', '{{ (eq 1 1 }}', /paren/],
])('refuses %s', (_name, template, message) => {
  const input = inputOf(template, HELPERS);
  expect(() => render(input)).toThrow(message);
  if (oracle !== undefined) expect(() => oracle?.render(input)).toThrow();
});

it.each([
  '{{ template "h.name" . }}',
  '{{ block "x" . }}{{ end }}',
  '{{ lookup "v1" }}',
  '{{ range $i := .x }}{{ break }}{{ end }}',
])('does not pretend to know %s', (template) => {
  expect(() => render(inputOf(template))).toThrow(/not supported|not understood/);
});

it('values are merged as Helm does: maps deep, lists whole, null takes away', () => {
  expect(coalesce({ a: { b: 1, c: 2 }, l: [1, 2], x: 1 }, { a: { b: 3 }, l: [9], x: null, y: 4 })).toEqual({
    a: { b: 3, c: 2 },
    l: [9],
    y: 4,
  });
});
