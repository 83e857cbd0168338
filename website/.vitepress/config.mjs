import { anchorOf, sidebarOf, sitePages } from '../lib/pages.mjs';
import { wordsOf } from '../lib/words.mjs';

const pages = sitePages();
const { REPOSITORY_URL } = process.env;
/** Without the slash at its end: GitHub gives an empty text for a site of its own name. */
const base = (process.env.SITE_BASE ?? '').replace(/\/$/, '');

const search = {
  provider: 'local',
  options: {
    miniSearch: { options: { tokenize: wordsOf } },
    locales: {
      zh: {
        translations: {
          button: { buttonText: '搜索', buttonAriaLabel: '搜索' },
          modal: {
            displayDetails: '显示详情',
            resetButtonTitle: '清除',
            backButtonTitle: '关闭搜索',
            noResultsText: '没有结果：',
            footer: { selectText: '选择', navigateText: '切换', closeText: '关闭' },
          },
        },
      },
    },
  },
};

export default {
  base: `${base}/`,
  title: 'wechat-token-hub',
  srcDir: 'dist/pages',
  outDir: 'dist/site',
  cacheDir: 'dist/cache',
  cleanUrls: true,
  // Of the pages' own links; lib/pages.mjs has found those to files of the repository.
  ignoreDeadLinks: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}/images/icon.svg` }]],
  markdown: {
    anchor: { slugify: anchorOf },
    // `{…}` in the documents is text, as on GitHub.
    attrs: { disable: true },
    languageAlias: { promql: 'sql' },
  },
  themeConfig: {
    search,
    ...(REPOSITORY_URL ? { socialLinks: [{ icon: 'github', link: REPOSITORY_URL }] } : {}),
  },
  locales: {
    root: {
      label: 'English',
      lang: 'en',
      description: 'A central server for WeChat access_tokens: many apps, many teams.',
      themeConfig: {
        nav: [
          { text: 'Quick start', link: '/quick-start' },
          { text: 'Documentation', link: '/documentation' },
        ],
        sidebar: sidebarOf('', pages),
        outline: { level: [2, 3] },
      },
    },
    zh: {
      label: '简体中文',
      lang: 'zh-CN',
      description: '微信 access_token 中控服务器：许多应用，许多团队，一处获取、保管和续期。',
      themeConfig: {
        nav: [
          { text: '快速上手', link: '/zh/quick-start' },
          { text: '文档', link: '/zh/documentation' },
        ],
        sidebar: sidebarOf('zh/', pages),
        outline: { level: [2, 3], label: '本页目录' },
        docFooter: { prev: '上一页', next: '下一页' },
        darkModeSwitchLabel: '外观',
        lightModeSwitchTitle: '切换到浅色',
        darkModeSwitchTitle: '切换到深色',
        sidebarMenuLabel: '目录',
        returnToTopLabel: '回到顶部',
        langMenuLabel: '切换语言',
        skipToContentLabel: '跳到正文',
        notFound: {
          title: '没有这个页面',
          quote: '地址可能写错了，或者页面已经移走。',
          linkLabel: '回到首页',
          linkText: '回到首页',
        },
      },
    },
  },
};
