import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as prettier from 'prettier';
import { root } from './build.mjs';

/**
 * The configuration reference and the JSON schema, as text by path. Types, defaults and ranges come from the code, by
 * `keys`, `schema` and `variables` (src/config); what they mean comes from docs/reference/texts.yaml.
 */
export async function generatedFiles({ keys, schema, variables }) {
  const texts = readTexts();
  const describe = (path) => {
    const { en, zh } = texts['apps.yaml'][path] ?? {};
    return en === undefined ? {} : { description: `${plain(en)}\n\n${plain(zh)}` };
  };
  const page = (lang) => configurationPage(lang, { keys, variables, texts });
  return {
    'docs/configuration.md': page('en'),
    'docs/configuration.zh-CN.md': page('zh'),
    'docs/apps.schema.json': await formatted(JSON.stringify(schema(describe))),
  };
}

export function readTexts() {
  return parse(readFileSync(join(root, 'docs/reference/texts.yaml'), 'utf8'));
}

async function formatted(json) {
  const path = join(root, 'docs/apps.schema.json');
  return prettier.format(json, { ...(await prettier.resolveConfig(path)), parser: 'json' });
}

const PAGE = {
  en: {
    file: 'configuration.md',
    title: 'Configuration reference',
    switch: 'English | [简体中文](configuration.zh-CN.md)',
    intro: `Two sources: the file \`apps.yaml\` says which apps there are and who may take what; the environment says how this process runs. Both are checked whole, and every problem is reported at once. A reload takes over \`apps.yaml\` and the secret files that it names; \`HUB_*\` variables are read at the start alone.

This page is generated from the rules that the hub itself checks by (\`npm run docs\`), and a test keeps it current. What the choices mean: [Apps, clients and keys](clients.md).`,
    editors: 'In your editor',
    editorsText: `[apps.schema.json](apps.schema.json) says the same to editors: completion, descriptions in both languages, and problems as you type. With the YAML extension of VS Code, JetBrains IDEs or any editor that uses \`yaml-language-server\`, begin the file with the path to your copy of the schema:`,
    editorsAfter: `The hub knows more than a schema can say (secrets that are missing, ids that stand there twice, grants of apps that the file does not have). \`check\` asks it, without starting anything:`,
    apps: '`apps.yaml`',
    appsText:
      'A `*` marks keys that must be there. A key with nothing behind it (`name:`) is a problem, and so is a key that is not listed here. All of it changes by a reload.',
    top: 'Top level',
    environment: 'Environment',
    environmentText:
      'An empty variable counts as unset. An unknown `HUB_*` variable stops the start, as a typo would otherwise run the hub with a default that nobody chose. All of it changes by a restart; with several replicas, one after the other.',
    head: ['key', 'value', 'default', 'meaning', 'example'],
    headEnv: ['variable', 'value', 'default', 'meaning', 'example'],
    none: 'none',
    unset: 'unset',
    each: (key) => `Each item of \`${key}\``,
    below: (key) => `Keys of \`${key}\``,
    text: 'text',
    whole: (from, to) => `whole number, ${from} to ${to}`,
    list: (item) => `list of ${item}`,
    mappings: 'list of mappings',
    mapping: 'mapping',
    or: ' or ',
  },
  zh: {
    file: 'configuration.zh-CN.md',
    title: '配置参考',
    switch: '[English](configuration.md) | 简体中文',
    intro: `配置有两个来源：文件 \`apps.yaml\` 写明有哪些应用、谁能拿到什么；环境变量决定这个进程如何运行。两者都会整体检查，所有问题一次性报出。重新加载会重新读取 \`apps.yaml\` 及其指向的密钥文件；\`HUB_*\` 变量只在启动时读取。

本页由 Hub 自己所用的检查规则生成（\`npm run docs\`），并有测试保证它不过时。各个选择的含义见[应用、客户端与密钥](clients.zh-CN.md)。`,
    editors: '在编辑器中',
    editorsText: `[apps.schema.json](apps.schema.json) 把同样的规则告诉编辑器：补全、双语说明，以及边写边查。使用 VS Code 的 YAML 扩展、JetBrains IDE 或任何基于 \`yaml-language-server\` 的编辑器时，在文件开头写上你那份 schema 的路径：`,
    editorsAfter: `Hub 知道的比 schema 能表达的更多（密钥缺失、id 重复、授权了文件中不存在的应用）。用 \`check\` 让它检查，不会启动任何东西：`,
    apps: '`apps.yaml`',
    appsText:
      '带 `*` 的键必须出现。键后面什么都不写（`name:`）算问题，未在此列出的键也算问题。全部内容都可以通过重新加载生效。',
    top: '顶层',
    environment: '环境变量',
    environmentText:
      '值为空的变量视为未设置。无法识别的 `HUB_*` 变量会阻止启动，否则一个拼写错误就会让 Hub 按没人选择的默认值运行。全部内容都要重启才能生效；有多个副本时逐个重启。',
    head: ['键', '取值', '默认值', '含义', '示例'],
    headEnv: ['变量', '取值', '默认值', '含义', '示例'],
    none: '无',
    unset: '不设',
    each: (key) => `\`${key}\` 的每一项`,
    below: (key) => `\`${key}\` 的键`,
    text: '文本',
    whole: (from, to) => `整数，${from} 到 ${to}`,
    list: (item) => `列表，每项为 ${item}`,
    mappings: '映射的列表',
    mapping: '映射',
    or: ' 或 ',
  },
};

function configurationPage(lang, { keys, variables, texts }) {
  const say = PAGE[lang];
  const sections = new Map();
  for (const key of keys) {
    const cut = key.path.lastIndexOf('.');
    const parent = cut < 0 ? '' : key.path.slice(0, cut);
    if (!sections.has(parent)) sections.set(parent, []);
    sections.get(parent).push(key);
  }
  const titleOf = (parent) => {
    if (parent === '') return say.top;
    return parent.endsWith('[]') ? say.each(parent.slice(0, -2)) : say.below(parent);
  };
  const keyRow = ({ path, required, schema, default: byDefault }) => {
    const text = texts['apps.yaml'][path] ?? {};
    const name = path.slice(path.lastIndexOf('.') + 1);
    const standard = byDefault === undefined ? '' : code(inYaml(byDefault));
    return [
      `${code(name)}${required ? ' *' : ''}`,
      valueText(schema, text, lang),
      standard || '–',
      text[lang],
      code(text.example),
    ];
  };
  const variableRow = ({ name, schema, default: byDefault }) => {
    const text = texts.environment[name] ?? {};
    const standard = byDefault === undefined ? say.unset : code(byDefault);
    return [code(name), valueText(schema, text, lang), standard, text[lang], code(text.example)];
  };
  return [
    `# ${say.title}`,
    say.switch,
    say.intro,
    `## ${say.editors}`,
    say.editorsText,
    '```yaml\n# yaml-language-server: $schema=./docs/apps.schema.json\n```',
    say.editorsAfter,
    '```sh cli\nnode dist/cli/main.js check apps.yaml\n```',
    `## ${say.apps}`,
    say.appsText,
    ...[...sections].flatMap(([parent, rows]) => [
      `### ${titleOf(parent)}`,
      table(say.head, rows.map(keyRow)),
    ]),
    `## ${say.environment}`,
    say.environmentText,
    table(say.headEnv, variables.map(variableRow)),
  ]
    .join('\n\n')
    .concat('\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function valueText(schema, { form }, lang) {
  if (form !== undefined) return form[lang];
  return typeText(schema, PAGE[lang]);
}

function typeText(schema, say) {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(say.or === ' or ' ? ', ' : '、');
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeText(one, say)).join(say.or);
  if (schema.type === 'integer') return say.whole(grouped(schema.minimum), grouped(schema.maximum));
  if (schema.type === 'array')
    return schema.items === undefined ? say.mappings : say.list(typeText(schema.items, say));
  return schema.type === 'object' ? say.mapping : say.text;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, number >= 10_000 ? ',' : '');
}

function inYaml(value) {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function code(text) {
  return text === undefined ? '' : `\`${text}\``;
}

/** Markdown as an editor shows it in a tooltip of plain text. */
function plain(markdown) {
  return markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '');
}
