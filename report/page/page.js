// The summary of the runs, the themes, and the order of the page.
function valueAtStep(run, name, step) {
  const curve = run.curves.find((c) => c.name === name);
  const at = curve && step !== null ? curve.steps.indexOf(step) : -1;
  return at < 0 ? null : curve.values[at];
}

function summarySection() {
  const names = [...new Set(runs.flatMap((run) => run.curves.map((c) => c.name)))].filter((name) => name.startsWith('valid_'));
  const lastStep = (run) => Math.max(0, ...run.curves.map((c) => c.steps[c.steps.length - 1] ?? 0));
  const time = (run) => (run.seconds.values.length > 0 ? run.seconds.values[run.seconds.values.length - 1] : null);
  const columns = [
    {title: 'run', kind: 'name', value: (run) => run.name, cell: (run) => h('span', {class: 'run'}, runs.length > 1 && key(run), run.name)},
    {title: 'model', kind: 'name', value: (run) => run.model},
    {title: 'parameters', kind: 'number', value: (run) => run.parameters},
    {title: 'steps', kind: 'number', value: lastStep},
    {title: 'best at', kind: 'number', value: (run) => run.best_step},
    ...names.map((name) => ({title: curveTitle(name).replace('Validation ', 'valid. '), kind: 'number', value: (run) => valueAtStep(run, name, run.best_step),
      cell: (run) => { const v = valueAtStep(run, name, run.best_step); return v !== null && isRate(name) ? percent(v) : number(v); }})),
    runs.some((run) => run.pairs) && {title: 'exact', kind: 'number', value: (run) => (run.pairs ? run.pairs.exact / run.pairs.sources : null),
      cell: (run) => (run.pairs ? percent(run.pairs.exact / run.pairs.sources) : '–')},
    runs.some(ofImages) && {title: 'right', kind: 'number', value: (run) => (run.images ? run.images.correct / run.images.images : null),
      cell: (run) => (run.images ? percent(run.images.correct / run.images.images) : '–')},
    runs.some((run) => time(run) !== null) && {title: 'time', kind: 'number', value: time, cell: (run) => (time(run) === null ? '–' : clock(time(run)))},
  ].filter(Boolean);
  const origins = [...new Set(runs.filter((run) => run.pairs).map((run) => run.pairs.origin))];
  const pictures = [...new Set(runs.filter(ofImages).map((run) => run.images.origin))];
  const notes = runs.flatMap((run) => run.notes.map((note) => h('p', {}, runs.length > 1 ? h('strong', {}, `${run.name}: `) : '', note)));
  return section('summary', runs.length === 1 ? 'The run' : 'The runs', null,
    h('div', {class: 'card'}, sortableTable('Runs', columns, runs, {free: true}),
      h('p', {class: 'small muted'}, `Validation values are those of the best step.${origins.length > 0 ? ` Exact: the share of outputs that are exactly right; ${origins.join('; ')}.` : ''}${pictures.length > 0 ? ` Right: the share of images whose class is right; ${pictures.join('; ')}.` : ''}`)),
    report.in_training && trainingNote(),
    notes.length > 0 && h('div', {class: 'notes'}, notes));
}

// Loads the page of a running training again, but not while the reader uses it.
function trainingNote() {
  const every = 20, stored = 'gradus-reload';
  const remembered = () => { try { return sessionStorage.getItem(stored); } catch { return null; } };
  const box = h('input', {type: 'checkbox', change: () => { try { sessionStorage.setItem(stored, box.checked ? 'on' : 'off'); } catch { /* not kept */ } }});
  box.checked = remembered() !== 'off';
  let used = Date.now();
  for (const event of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchmove']) addEventListener(event, () => { used = Date.now(); }, {passive: true});
  setInterval(() => { if (box.checked && Date.now() - used >= 1000 * every) location.reload(); }, 1000);
  return h('div', {class: 'card training'}, h('span', {}, h('strong', {}, 'In training.'), ' This page is written again after each validation.'),
    h('label', {}, box, h('span', {}, `Load it again every ${every} s while it is not in use`)));
}

function startThemes() {
  const button = document.getElementById('theme'), root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const set = (dark) => {
    root.dataset.theme = dark ? 'dark' : 'light';
    button.textContent = dark ? 'Light' : 'Dark';
    button.setAttribute('aria-label', dark ? 'Switch to light colours' : 'Switch to dark colours');
    document.dispatchEvent(new Event('themechange'));
  };
  set(system.matches);
  system.addEventListener('change', () => set(system.matches));
  button.addEventListener('click', () => set(root.dataset.theme !== 'dark'));
}

function startNavigation(sections) {
  const links = sections.map((s) => h('a', {href: `#${s.id}`}, s.querySelector('h2').textContent));
  document.getElementById('nav').append(...links);
  const seen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) seen[entry.isIntersecting ? 'add' : 'delete'](entry.target);
    const first = sections.findIndex((s) => seen.has(s));
    links.forEach((link, at) => (at === first ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current')));
  }, {rootMargin: '-60px 0px -40% 0px'});
  for (const s of sections) observer.observe(s);
}

startThemes();
document.getElementById('title').textContent = runs.length <= 4 ? runs.map((run) => run.name).join(' · ') : `${runs.length} runs`;
document.getElementById('subtitle').textContent = `${report.program} report, written ${report.written}${runs.length === 1 && runs[0].summary ? ` – ${runs[0].model}: ${runs[0].summary}` : ''}`;
const sections = [summarySection, curvesSection, attentionSection, errorsSection, imagesSection, patchesSection, parametersSection, profileSection, settingsSection, originSection].map((make) => make()).filter(Boolean);
document.getElementById('main').append(...sections);
startNavigation(sections);
