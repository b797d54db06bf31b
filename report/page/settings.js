// Settings with their origins, and how each run was made.
function settingsSection() {
  const help = new Map(report.help);
  const keys = [...new Set(runs.flatMap((run) => run.settings.map(([name]) => name)))];
  const values = runs.map((run) => new Map(run.settings.map(([name, value, origin]) => [name, {value, origin}])));
  const rows = keys.map((name) => ({name, cells: values.map((map) => map.get(name))}));
  const differs = (row) => new Set(row.cells.map((cell) => cell && cell.value)).size > 1;
  const chosen = (row) => row.cells.some((cell) => cell && cell.origin !== 'default');
  const search = h('input', {type: 'search', placeholder: 'Find a setting', 'aria-label': 'Find a setting', input: () => fill()});
  const holder = h('div');
  let which = runs.length > 1 ? 'differs' : 'chosen';
  function fill() {
    const text = search.value.trim().toLowerCase();
    const kept = rows.filter((row) => (text ? `${row.name} ${help.get(row.name) || ''}`.toLowerCase().includes(text)
      : which === 'all' || (which === 'differs' ? differs(row) : chosen(row))));
    holder.replaceChildren(kept.length === 0 ? h('p', {class: 'muted'}, text ? 'No setting has this text.' : 'No setting differs.') : sortableTable('Settings', [
      {title: 'setting', kind: 'name', value: (row) => row.name, cell: (row) => h('span', {class: 'mono'}, row.name)},
      ...runs.map((run, at) => ({title: runs.length === 1 ? 'value' : run.name, kind: 'text', value: (row) => row.cells[at]?.value ?? '',
        cell: (row) => (row.cells[at] ? [h('span', {class: 'mono'}, row.cells[at].value), h('br'), h('span', {class: 'muted small'}, row.cells[at].origin)] : '–')})),
      {title: 'meaning', kind: 'text', value: (row) => help.get(row.name) || '', cell: (row) => h('span', {class: 'muted'}, help.get(row.name) || '')}], kept));
  }
  fill();
  const options = [runs.length > 1 && ['differs', 'that differ'], ['chosen', 'not default'], ['all', 'all']].filter(Boolean);
  return section('settings', 'Settings', 'Under each value is its origin: the default, a preset, a file, the command line, or the data.',
    h('div', {class: 'controls'}, segments('Show', options, which, (own) => { which = own; search.value = ''; fill(); }), search), h('div', {class: 'card'}, holder));
}

function commandLine(text) {
  const button = h('button', {type: 'button', click: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(block);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  }}, 'Copy');
  const block = h('pre', {}, text);
  return h('div', {class: 'command'}, block, button);
}

function originSection() {
  const cards = runs.map((run) => {
    const made = run.provenance;
    const quoted = run.path === null || /^[\w/.+:=@%-]+$/.test(run.path) ? run.path : `'${run.path.replaceAll("'", "'\\''")}'`;
    const facts = made ? [['trained in', made.folder], ['started', made.started], ['program', made.program], ['compiler', made.compiler],
      ['processor', `${made.processor}, ${counted(made.processors, 'processor')}, ${counted(made.threads, 'thread')}`], ['matrix products', `OpenBLAS for ${made.blas}`], ['system', made.system]] : [];
    const list = () => h('dl', {class: 'facts'}, facts.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
    return h('div', {class: 'card'}, h('h3', {class: 'run'}, runs.length > 1 && key(run), run.name),
      made && [h('p', {class: 'small muted'}, 'The command that made it'), commandLine(made.command)],
      run.path !== null && [h('p', {class: 'small muted'}, 'The same run from its configuration; the result has the same bits with the same program and processor'),
        commandLine(`gradus train --config ${quoted}/config.toml --out ${quoted}-again`)],
      facts.length > 0 && (runs.length > 1 ? lazyDetails('Machine and versions', list) : list()));
  });
  return section('origin', 'Origin', null, h('div', {class: 'stack'}, cards));
}
