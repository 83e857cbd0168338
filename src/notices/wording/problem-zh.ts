/**
 * Problems of apps.yaml in Chinese. The hub says them in English, in the log, on the command line and to callers; console
 * and notices show them in the reader's language. A sentence that is new here stays English: problem-zh.spec.ts finds it.
 */

type Row = readonly [english: string, chinese: string];

/** `*`: any words, taken over as they are; `+`: words that are translated themselves. In their order, as {1}, {2} … */
// prettier-ignore
const SENTENCES: readonly Row[] = [
  // Keys and values
  ['is missing: a folder of tenants needs the operators’ file, if only with version: 1', '缺少：租户目录需要运维的 hub.yaml，哪怕只有 version: 1'],
  ['is missing: +', '缺少：{1}'],
  ['is empty: +', '为空：{1}'],
  ['is an empty list: +', '列表为空：{1}'],
  ['is empty, leave it out', '为空，请去掉'],
  ['must be a mapping with *', '必须是映射，含有 {1}'],
  ['must be a mapping, as in *', '必须是映射，例如 {1}'],
  ['must be a list, as in *', '必须是列表，例如 {1}'],
  ['must be one of *: without quotes', '必须是 {1}：去掉引号'],
  ['must be one of *', '必须是其中之一：{1}'],
  ['must be a whole number from * to *: without quotes', '必须是 {1} 到 {2} 的整数：去掉引号'],
  ['must be a whole number from * to *', '必须是 {1} 到 {2} 的整数'],
  ['must be a whole number of seconds from * to *: without quotes', '必须是 {1} 到 {2} 的整数（秒）：去掉引号'],
  ['must be a whole number of seconds from * to *', '必须是 {1} 到 {2} 的整数（秒）'],
  ['must be a whole number * from * to *', '必须是 {2} 到 {3} 的整数（{1}）'],
  ['must be a text, but YAML reads it as a number: quote it ("…")', '必须是文本，而 YAML 把它读成了数字：加上引号（"…"）'],
  ['must be a text, but YAML reads it as true or false: quote it ("…")', '必须是文本，而 YAML 把它读成了 true 或 false：加上引号（"…"）'],
  ['must be a text, not a list', '必须是文本，不能是列表'],
  ['must be a text, not a mapping', '必须是文本，不能是映射'],
  ['must be 1 (the number, without quotes)', '必须是数字 1，不加引号'],
  ['must be one line without control characters', '必须是一行文本，不含控制字符'],
  ['must be at most * characters long', '最多 {1} 个字符'],
  ['must be true or false, without quotes', '必须是 true 或 false，不加引号'],
  ['stands in the list twice (also as item *)', '在列表中重复出现（与第 {1} 项相同）'],
  ['is not a known key: +. Known: *', '不是可用的键：{1}。可用的键：{2}'],
  ['is not a known key. Known: *', '不是可用的键。可用的键：{1}'],
  ['is not a known key*', '不是可用的键{1}'],
  ['write a colon and a space (: ) for the full-width colon (：)', '把全角冒号（：）改成半角冒号加空格（: ）'],
  ['put a space after the colon', '冒号后面加一个空格'],
  ['belongs to each app, not to defaults', '属于各个应用，不能写在 defaults 里'],
  ['merge keys (<<) are not supported: use defaults, or write the keys out', '不支持合并键（<<）：用 defaults，或把键逐个写出'],
  ['give it a value, or remove the key', '写上值，或删掉这个键'],
  ['remove the item', '删掉这一项'],
  ['is the same as *: it must be unique, change one of the two', '与 {1} 相同：必须唯一，请改掉其中一个'],
  ['is the same as that of *: keep one of the two', '与 {1} 的相同：只保留一个'],
  ['stands beside *: keep exactly one of *', '与 {1} 同时出现：{2} 中只能保留一个'],
  ['stands beside jwksUri: keep one of the two', '与 jwksUri 同时出现：只保留一个'],
  ['stands beside certificate: make two entries of it', '与 certificate 同时出现：请拆成两项'],
  ['there are * more problems: mend these first', '另有 {1} 个问题：请先解决以上这些'],
  // Apps
  ["write the account's AppID", '写上该账号的 AppID'],
  ['must be 2 to 64 of the characters A-Z a-z 0-9 _ -', '必须是 2 到 64 个字符，限 A-Z a-z 0-9 _ -'],
  ['must be 1 to 64 of the characters A-Z a-z 0-9 . _ -', '必须是 1 到 64 个字符，限 A-Z a-z 0-9 . _ -'],
  ['has no secret: give exactly one of *', '没有密钥：{1} 中恰好写一个'],
  ['has no pushToken: give exactly one of *', '没有推送 Token：{1} 中恰好写一个'],
  ['has no aesKeys: give exactly one of *', '没有 EncodingAESKey：{1} 中恰好写一个'],
  ['must be an EncodingAESKey of 43 characters, or the new and the old one with a comma between them', '必须是 43 个字符的 EncodingAESKey，或以逗号分隔的新旧两个'],
  ['must not have a fragment (#)', '不能带片段（#）'],
  ['stands in line * already: keep one of the two', '第 {1} 行已经有了：只保留一个'],
  ["write the platform's AppID (component_appid)", '写上第三方平台的 AppID（component_appid）'],
  ['grants the apps of a platform that this file does not have, or of a tenant, which only hub.yaml of a folder may: list appids', '授权的平台不在这个文件里，或属于某个租户（只有租户目录的 hub.yaml 可以这样写）：请逐个列出 appid'],
  ['has no url: give exactly one of *', '没有 url：{1} 中恰好写一个'],
  ['must be the name of an environment variable (letters, digits, _), not the secret itself', '必须是环境变量的名字（字母、数字、_），不是密钥本身'],
  ['must not begin with HUB_: these variables are the settings of the hub itself, rename the variable', '不能以 HUB_ 开头：这些变量是 Hub 自己的设置，请换个名字'],
  ['must be the path of a file that holds the secret', '必须是存放密钥的文件的路径'],
  ['must be the path of a file', '必须是文件路径'],
  ['write the AppSecret alone, on one line', '只写 AppSecret，占一行'],
  ['write the AppSecret alone', '只写 AppSecret'],
  ['write the AppSecret', '写上 AppSecret'],
  ['holds white space: +', '含有空白字符：{1}'],
  ['holds control or invisible characters: copy the AppSecret again', '含有控制字符或不可见字符：请重新复制 AppSecret'],
  ['holds characters other than A-Z a-z 0-9 _ -: copy the AppSecret again', '含有 A-Z a-z 0-9 _ - 以外的字符：请重新复制 AppSecret'],
  ['is longer than 128 characters: write the AppSecret alone', '超过 128 个字符：只写 AppSecret'],
  ['the environment variable* is not set: set it where the hub is started', '环境变量{1} 没有设置：请在启动 Hub 的地方设置'],
  ['the environment variable* is empty: set it where the hub is started', '环境变量{1} 为空：请在启动 Hub 的地方设置'],
  ['the file is empty: write * into it', '文件为空：请把{1}写进去'],
  ['the file is empty: it needs version: 1 and apps', '文件为空：需要 version: 1 和 apps'],
  ['the file cannot be read (*): +; relative paths start at the folder of apps.yaml', '文件读不出来（{1}）：{2}；相对路径从 apps.yaml 所在目录算起'],
  ["the file cannot be read (*): +; relative paths start at the tenant's folder of HUB_SECRETS_DIR", '文件读不出来（{1}）：{2}；相对路径从 HUB_SECRETS_DIR 下该租户的目录算起'],
  ['the file cannot be read (*): +', '文件读不出来（{1}）：{2}'],
  ['there is no such file', '没有这个文件'],
  ['the user that runs the hub may not read it', '运行 Hub 的用户没有读取权限'],
  ['it is a folder, write the path of a file in it', '这是目录，请写其中某个文件的路径'],
  ['it must be a regular file', '必须是普通文件'],
  ['it is too large', '文件太大'],
  ["a link leads out of the tenant's folder of HUB_SECRETS_DIR, put the file itself there", '链接指到了 HUB_SECRETS_DIR 下该租户的目录之外，请把文件本身放进去'],
  ['look at the path and its permissions', '请检查路径及其权限'],
  ['the file +', '文件{1}'],
  ["is not for tenants: write *File, a path below the tenant's folder of HUB_SECRETS_DIR", '租户不能用：请写 {1}File，即 HUB_SECRETS_DIR 下该租户目录中的路径'],
  ["leaves the tenant's folder of HUB_SECRETS_DIR: write a path that begins there, without ..", '超出了 HUB_SECRETS_DIR 下该租户的目录：请写以它为起点、不含 .. 的路径'],
  ['has no use: it is for apps of kind: *', '不起作用：它只用于 kind: {1} 的应用'],
  ["has no corpid: write the corporation's id (ww…), as the admin console shows it", '没有 corpid：写上管理后台显示的企业 ID（ww…）'],
  ['is no ticket of kind: *, which has *', 'kind: {1} 没有这种 ticket，可用的有 {2}'],
  ['has no use: with tokenApi: none there is no token to fetch tickets with', '不起作用：tokenApi: none 时没有 token，取不了 ticket'],
  ['must be an http:// or https:// URL, as in *', '必须是 http:// 或 https:// 开头的 URL，例如 {1}'],
  ['must not hold a user name or password', '不能含用户名或密码'],
  ['must not have a query or fragment (? or #)', '不能带查询参数或片段（? 或 #）'],
  // Clients
  ['grants the apps of a tenant, which only hub.yaml of a folder may: list appids', '授权了租户的应用，而这只有目录中的 hub.yaml 可以：请列出 appid'],
  ['is not the appid of an app of this file*: correct or remove it', '不是本文件中任何应用的 appid{1}：请更正或删除'],
  ['has neither keys nor identities nor allowIps: a client without the first two is known by its address alone', '没有 keys、identities 和 allowIps：没有前两者的客户端只凭地址识别'],
  ['is the SHA-256 of an AppSecret of this file: an AppSecret is never a key, make one', '是本文件中某个 AppSecret 的 SHA-256：AppSecret 不能当密钥用，请另生成一把'],
  ['must not stand in a list: for all apps write apps: "*"', '不能放在列表里：授权全部应用请写 apps: "*"'],
  ['must be a list of appids, or "*" for all: put the appid in [ ]', '必须是 appid 的列表，或用 "*" 表示全部：把 appid 放进 [ ]'],
  ['list at least one address or CIDR, or remove the key to allow any address', '至少写一个地址或 CIDR；要允许任意地址就删掉这个键'],
  ['list at least one path, or remove the key to allow all', '至少写一个路径；要全部允许就删掉这个键'],
  ['list the appids that this client may use, or write "*" for all', '列出该客户端可用的 appid，或写 "*" 表示全部'],
  ['must be an address or a CIDR: +', '必须是地址或 CIDR：{1}'],
  ['it is empty; leave it out', '为空，请去掉'],
  ['it contains white space', '含有空白字符'],
  ['zone ids (%…) are not part of an address here; leave it out', '这里的地址不带区域标识（%…），请去掉'],
  ['write the address alone, without brackets or port', '只写地址，不带方括号和端口'],
  ['an IPv4 address is four numbers from 0 to 255 without leading zeros, e.g. *', 'IPv4 地址是四个 0 到 255 的数，没有前导零，例如 {1}'],
  ['not an IPv6 address or range, e.g. *', '不是 IPv6 地址或网段，例如 {1}'],
  ['only IP addresses and CIDR ranges are possible, no host names', '只能写 IP 地址和 CIDR，不能写主机名'],
  ['must be the SHA-256 of the key: this looks like a key itself, which is now known to readers of the file; make another', '必须是密钥的 SHA-256：这看起来是密钥本身，看得到文件的人都已知道它；请另生成一把'],
  ['must be the SHA-256 of the key: 64 hex digits', '必须是密钥的 SHA-256：64 个十六进制数字'],
  ['is the SHA-256 of an empty text: the variable with the key was unset when it was made', '是空文本的 SHA-256：生成时存放密钥的变量没有设置'],
  ['the SHA-256 of the key in hex, as *', '写上密钥的 SHA-256（十六进制），即 {1}'],
  ['must be a date, time and zone, as in *', '必须是带时区的日期时间，例如 {1}'],
  ['must be a path that begins with /, as in *', '必须是以 / 开头的路径，例如 {1}'],
  ['must be a path alone, without ?, #, \\ or white space', '只写路径，不含 ?、#、\\ 和空白字符'],
  ['must not have . or .. in it', '不能含有 . 或 ..'],
  ['a name for this *, as in *', '写一个名字，例如 {2}'],
  ['write one of *', '写其中之一：{1}'],
  ['write version: 1 as the first line', '第一行写 version: 1'],
  ['write the iss of its tokens, as in *', '写上它的 token 的 iss，例如 {1}'],
  ['write apps: and list at least one, or apps: [] for none', '写上 apps: 并至少列出一个；一个也没有就写 apps: []'],
  ['list at least one appid, or remove the key to be told of all apps', '至少写一个 appid；要接收全部应用的通知就删掉这个键'],
  ['list at least one event, or remove the key to be told of all', '至少写一个事件；要接收全部事件就删掉这个键'],
  // Issuers and identities
  ['has no use: with jwksFile nobody is asked', '不起作用：有 jwksFile 就不会去询问'],
  ['+; or say with jwksUri or jwksFile where the keys are', '{1}；或者用 jwksUri 或 jwksFile 说明公钥在哪里'],
  ['is the id of no entry of issuers*', 'issuers 中没有这个 id{1}'],
  ['must have either issuer and subject, or certificate', '必须有 issuer 和 subject，或者有 certificate'],
  ['must be another name: this one stands for client certificates', '请换个名字：这个名字代表客户端证书'],
  ['must be 1 to 255 characters of ASCII, without spaces around them, exactly as in the token', '必须是 1 到 255 个 ASCII 字符，前后不留空格，与 token 中完全一致'],
  ['must be a URI or DNS name exactly as in the certificate, without white space', '必须是证书中的 URI 或 DNS 名，完全一致，不含空白字符'],
  ['write the aud that tokens for this hub have, as in *', '写上发给本 Hub 的 token 的 aud，例如 {1}'],
  // Notices
  ['holds white space or invisible characters: copy the URL again', '含有空白或不可见字符：请重新复制 URL'],
  ['holds white space or invisible characters: copy the signing secret again', '含有空白或不可见字符：请重新复制签名密钥'],
  ['write the signing secret, or remove the key', '写上签名密钥，或删掉这个键'],
  ['has no use: robots of WeCom do not take signatures', '不起作用：企业微信的机器人不用签名'],
  ['must be a URL that begins with https://', '必须是 https:// 开头的 URL'],
  ['must begin with https:// (http:// is for addresses of this machine alone)', '必须以 https:// 开头（http:// 只能用于本机地址）'],
  ["must begin with https:// (http:// is for hosts that the operators' tenantHosts name)", '必须以 https:// 开头（http:// 只能用于运维在 tenantHosts 中列出的主机）'],
  ["must lead to a public address, or to a host that the operators' tenantHosts name", '必须指向公网地址，或运维在 tenantHosts 中列出的主机'],
  ['must be all, a mobile number, or an id as the robot knows it, of A-Z a-z 0-9 _ + . -', '必须是 all、手机号，或机器人认识的 id，限 A-Z a-z 0-9 _ + . -'],
  ['must be an address that begins with https:// or http://, without query and fragment', '必须是以 https:// 或 http:// 开头的地址，不带查询参数和片段'],
  ['must be a host name or address, with or without a port, as in *', '必须是主机名或地址，可带端口，例如 {1}'],
  // Folders
  ["stands in the operators' hub.yaml alone: remove it here", '只能写在运维的 hub.yaml 里：请从这里删掉'],
  ["stands in the operators' hub.yaml alone: have the operators take this app there", '只能写在运维的 hub.yaml 里：请运维把这个应用放到那里'],
  ['has no use: there are no tenants, since HUB_APPS_FILE names one file', '不起作用：HUB_APPS_FILE 指向单个文件，没有租户'],
  ['stands in another file of the folder, which had it first: remove it from one of the two', '目录中另一个文件先有了它：请从其中一个删掉'],
  ['is the key of a client of another file of the folder, which had it first: make another', '是目录中另一个文件里某客户端的密钥，且先于这里：请另生成一把'],
  ['is the identity of a client of another file of the folder, which had it first: remove it from one', '是目录中另一个文件里某客户端的身份，且先于这里：请从其中一个删掉'],
  ['is not read: the file of a tenant is called NAME.yaml, in lower-case yaml', '不会读取：租户的文件名为 NAME.yaml，扩展名小写'],
  ['is not read: before .yaml stand 1 to 63 of the characters A-Z a-z 0-9 . _ -, the first a letter or digit', '不会读取：.yaml 之前须为 1 到 63 个字符，限 A-Z a-z 0-9 . _ -，首位是字母或数字'],
  // YAML
  ['is not valid YAML here: look at the indentation, brackets and quotes of this line and the one before', '这里不是有效的 YAML：请检查这一行和上一行的缩进、括号和引号'],
  ['a tag (!…) is not used in this file: remove it, or quote a text that begins with !', '本文件不用标签（!…）：请删掉；以 ! 开头的文本请加引号'],
  ['an alias (*…) must stand alone: remove the tag or anchor beside it', '别名（*…）必须单独出现：去掉旁边的标签或锚点'],
  ['an alias or anchor (*… or &…) has no proper name: quote a text that begins with * or &', '别名或锚点（*… 或 &…）的名字不对：以 * 或 & 开头的文本请加引号'],
  ['a line that begins with % is a directive of YAML: remove it, or quote the text', '以 % 开头的行是 YAML 指令：请删掉，或给文本加引号'],
  ['a backslash in "…" begins an escape that YAML does not have: write it as \\\\, or use \'…\'', '"…" 里的反斜杠构成了 YAML 没有的转义：请写成 \\\\，或改用 \'…\''],
  ['the indentation does not fit the lines before, or a bracket is not closed: align the line with its neighbours', '缩进与前面的行对不上，或括号没有闭合：请与相邻的行对齐'],
  ['a tag or anchor stands in the wrong place: remove it', '标签或锚点的位置不对：请删掉'],
  ['a text begins with a character that YAML reserves (@ or `): quote it', '文本以 YAML 保留的字符（@ 或 `）开头：请加引号'],
  ['a mapping begins in the middle of a line: quote a text that holds a colon and a space', '一行中间出现了映射：含有冒号加空格的文本请加引号'],
  ['an indented list or mapping stands inside of [ ] or { }: use one style', '[ ] 或 { } 里出现了缩进式的列表或映射：请统一写法'],
  ['this key stands twice in the same mapping: remove one of the two', '这个键在同一映射中出现两次：请删掉一个'],
  ['a key is longer than 1024 characters: look for a missing quote', '键超过 1024 个字符：看看是否漏了引号'],
  ['something is missing: a closing quote or bracket, a comma, or the colon and space after a key', '缺了什么：右引号、右括号、逗号，或键后面的冒号加空格'],
  ['a key goes over several lines: look for a missing colon or quote', '一个键跨了多行：看看是否漏了冒号或引号'],
  ['two anchors (&…) on one value: remove one', '一个值上有两个锚点（&…）：请删掉一个'],
  ['a second document begins here (---): the file must be one document', '这里开始了第二个文档（---）：文件只能有一个文档'],
  ['a key must be a text', '键必须是文本'],
  ['is nested too deeply to be read', '嵌套太深，无法读取'],
  ['a tab is used as indentation: use spaces (also in line *)', '用了制表符缩进：请改用空格（还有第 {1} 行）'],
  ['a tab is used as indentation: use spaces (also in lines *)', '用了制表符缩进：请改用空格（还有第 {1} 行）'],
  ['a tab is used as indentation: use spaces', '用了制表符缩进：请改用空格'],
  ['a full-width colon (：) is no colon to YAML: write a colon and a space (: )', 'YAML 不认全角冒号（：）：请写半角冒号加空格（: ）'],
  ['is not UTF-8 text: save it as UTF-8', '不是 UTF-8 文本：请以 UTF-8 保存'],
  ['holds more than can be read in the memory that there is: make the file smaller', '内容超出了现有内存能读取的量：请把文件缩小'],
];

const COMPILED = SENTENCES.map(([english, chinese]) => {
  const kinds: string[] = [];
  const source = english
    // A star that stands for itself is followed by an ellipsis, or is quoted.
    .split(/(\*(?![…"])(?! or &)|\+(?! \.))/)
    .map((part) => {
      if (part !== '*' && part !== '+') return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      kinds.push(part);
      return part === '*' ? '(.*?)' : '(.+?)';
    })
    .join('');
  return { pattern: new RegExp(`^${source}$`, 's'), chinese, kinds };
});

const SUGGESTION = / \(did you mean "(.*?)"\?\)/;
/** Whose entry it is: the English name of its section, and the id. */
const ENTRY = /^(.*) \((app|client|issuer|platform) ([^()]+)\)$/s;
const ENTRIES: Readonly<Record<string, string>> = {
  app: '应用',
  client: '客户端',
  issuer: '签发方',
  platform: '平台',
};

/** @param message of a problem, in English. What is not known comes back as it is. */
export function problemInChinese(message: string): string {
  const [, told, section = '', id] = ENTRY.exec(message) ?? [];
  if (told !== undefined) {
    const inner = problemInChinese(told);
    return inner === told ? message : `${inner}（${ENTRIES[section]} ${id}）`;
  }
  const [whole, name] = SUGGESTION.exec(message) ?? [];
  if (whole !== undefined) {
    const plain = message.replace(whole, '');
    const inner = problemInChinese(plain);
    return inner === plain ? message : `${inner}（是不是“${name}”？）`;
  }
  for (const { pattern, chinese, kinds } of COMPILED) {
    const match = pattern.exec(message);
    if (match === null) continue;
    return chinese.replace(/\{(\d)\}/g, (_, nth: string) => {
      const words = match[Number(nth)] ?? '';
      return kinds[Number(nth) - 1] === '+' ? problemInChinese(words) : words;
    });
  }
  return message;
}
