// The page has two parts: the screen, which noVNC draws, and the gears' figures above it.
//
// noVNC decodes a picture to find out whether the browser supports H.264 and never closes the picture; Chromium warns about
// that. This X server doesn't send H.264, so the test isn't needed.
delete globalThis.VideoDecoder;

// When the page opens, the password is in the URL. From then on this tab keeps it, and the browser's history doesn't.
const password = location.hash.slice(1) || sessionStorage.getItem('password') || '';
sessionStorage.setItem('password', password);
history.replaceState(null, '', location.pathname + location.search);

const element = (id) => document.getElementById(id);
const headers = { Authorization: `Bearer ${password}` };
const AGAIN_AFTER = 1000; // ms
const STALE_AFTER = 3000; // ms; the gears send figures every second

function notice(text) {
  element('notice').textContent = text;
  element('notice').hidden = !text;
}

// If the network changes while noVNC's files are loading, the browser gives up on them and only retries if the page is
// reloaded.
const { default: RFB } = await import('./novnc/core/rfb.js').catch((error) => {
  notice(`${error.message}. Trying again …`);
  setTimeout(() => location.reload(), AGAIN_AFTER);
  return new Promise(() => {}); // never resolves: nothing below runs
});

function showScreen() {
  const url = new URL('rfb', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  const rfb = new RFB(element('screen'), url.href, { shared: true, wsProtocols: ['binary', password] });
  // The screen takes this window's size. If another viewer changes the size, the picture is scaled to fit.
  rfb.resizeSession = true;
  rfb.scaleViewport = true;
  rfb.addEventListener('connect', () => {
    notice('');
    rfb.focus(); // for the arrow keys
  });
  rfb.addEventListener('disconnect', () => {
    figures.abort();
    clearTimeout(stale);
    element('fps').textContent = '';
    notice('The connection to the gears has ended. Trying again …');
    setTimeout(start, AGAIN_AFTER);
  });
}

let stale;
let figures;

function showFigures({ type, renderer, kind, width, height, fps }) {
  if (type !== 'interval') return; // the summary comes when the gears end
  element('renderer').textContent = renderer;
  element('kind').textContent = kind === 'hardware' ? 'drawn by a GPU' : 'drawn in software';
  element('kind').className = kind;
  element('size').textContent = `${width} × ${height}`;
  element('fps').textContent = `${fps.toFixed(fps < 100 ? 1 : 0)} FPS`;
  clearTimeout(stale);
  stale = setTimeout(() => { element('fps').textContent = 'at rest: a turns the gears'; }, STALE_AFTER);
}

// A response that doesn't end: one JSON object per line.
async function readFigures(answer) {
  let rest = '';
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part; !(part = await reader.read()).done;) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop();
    lines.forEach((line) => showFigures(JSON.parse(line)));
  }
}

async function start() {
  let answer;
  figures = new AbortController(); // browsers allow few connections at once, so close this one when done
  try {
    answer = await fetch('figures', { headers, signal: figures.signal });
  } catch {
    notice('The container does not answer: it has ended, or the network to it is down. Trying again …');
    setTimeout(start, AGAIN_AFTER);
    return;
  }
  if (answer.status === 401) {
    notice('The password is missing or wrong. It is the part of the URL after #, as it was printed when the gears started.');
    return;
  }
  showScreen();
  readFigures(answer).catch(() => {}); // showScreen reports the end of the connection
}

addEventListener('hashchange', () => location.reload());
// Esc would end the gears for all viewers.
for (const type of ['keydown', 'keyup']) {
  addEventListener(type, (event) => { if (event.key === 'Escape') event.stopPropagation(); }, { capture: true });
}
start();
