const {
  TITLE = "Guestbook",
  DEPLOY_RELEASE = "?",
  DEPLOY_INSTANCE = "?",
  DEPLOY_ENVIRONMENT = "?",
} = process.env;

/** The whole page. */
export function renderPage({ entries, counts, digest }, token) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(TITLE)}</title>
<link rel="stylesheet" href="/style.css">
<script type="module" src="/live.js"></script>
</head>
<body>
<h1>${escapeHtml(TITLE)}</h1>
<form method="post" action="/entries">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<label>Name <input name="author" maxlength="80" required></label>
<label>Message <textarea name="message" maxlength="2000" rows="3" required></textarea></label>
<button>Sign</button>
</form>
<main id="live">
<p class="counts">${counts.shown ?? 0} shown, ${counts.hidden ?? 0} hidden, ${counts.words ?? 0} words${
    digest === undefined ? "" : `; digest: ${digest.entries} entries by ${digest.authors} people`
  }</p>
<ol>
${entries.map(renderEntry).join("\n")}
</ol>
<footer>Release ${escapeHtml(DEPLOY_RELEASE)}, ${escapeHtml(DEPLOY_INSTANCE)}, ${escapeHtml(DEPLOY_ENVIRONMENT)}</footer>
</main>
</body>
</html>
`;
}

function renderEntry({ author, message, state, written_at }) {
  return `<li class="${escapeHtml(state)}"><b>${escapeHtml(author)}</b> <time>${escapeHtml(written_at)}</time><p>${escapeHtml(message)}</p></li>`;
}

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(value) {
  return String(value).replace(/[&<>"']/g, (character) => entities[character]);
}
