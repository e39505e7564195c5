// The pages of the demo provider: no script, one style sheet of its own, every text escaped.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (character) => escapes[character]);

const page = ({ slug, title, main }) => `<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/${escape(slug)}/style.css">
</head>
<body>
<header><p><span aria-hidden="true">ⓘ</span> デモ用の認証サーバーです。パスワードはありません。</p></header>
<main>
${main}
</main>
</body>
</html>`;

const personButton = (person, company) => `<li><button name="sub" value="${escape(person.sub)}">
<span class="name">${escape(person.name)}</span>
<span class="about">${escape(company)}${person.title ? `・${escape(person.title)}` : ''}</span>
</button></li>`;

export const signInPage = ({ slug, company, people, action, refused }) => page({
  slug,
  title: `サインイン - ${company}`,
  main: `<h1>${escape(company)}<br>サインイン</h1>
${refused ? '<p class="error" role="alert">その担当者はいません。一覧から選んでください。</p>' : ''}
<form method="post" action="${escape(action)}">
<p id="help">サインインする担当者を選んでください。</p>
<ul aria-describedby="help">
${people.map((person) => personButton(person, company)).join('\n')}
</ul>
<p><button class="quiet" name="abort" value="yes">サインインせずに戻る</button></p>
</form>`,
});

export const signOutPage = ({ slug, company, form }) => page({
  slug,
  title: `サインアウト - ${company}`,
  main: `<h1>${escape(company)}<br>サインアウト</h1>
<p>この認証サーバーからもサインアウトしますか。</p>
${form}
<ul>
<li><button form="op.logoutForm" name="logout" value="yes"><span class="name">サインアウトする</span></button></li>
</ul>
<p><button class="quiet" form="op.logoutForm">サインインしたままにする</button></p>`,
});

export const signedOutPage = ({ slug, company }) => page({
  slug,
  title: `サインアウトしました - ${company}`,
  main: `<h1>サインアウトしました</h1><p>${escape(company)}の認証サーバーからサインアウトしました。この画面は閉じてかまいません。</p>`,
});

export const errorPage = ({ slug, company, error, description }) => page({
  slug,
  title: `エラー - ${company}`,
  main: `<h1>サインインを続けられません</h1>
<p>時間がたったか、途中の画面が開き直されました。元のサービスからもう一度始めてください。</p>
<p class="about">${escape(error)}${description ? `: ${escape(description)}` : ''}</p>`,
});
