// Right and wrong outputs: by source length, by token, and the worst ones.
const spaced = (token) => (token === '' ? h('span', {class: 'muted'}, 'nothing') : h('span', {class: 'mono'}, token === ' ' ? '␣' : token));

// The tokens of an output, with those missing from the reference (ins) and those of the reference that it lacks (del).
function difference(wanted, got) {
  const cost = Array.from({length: wanted.length + 1}, (_, i) => Array.from({length: got.length + 1}, (_, j) => (i && j ? 0 : i + j)));
  for (let i = 1; i <= wanted.length; ++i)
    for (let j = 1; j <= got.length; ++j)
      cost[i][j] = wanted[i - 1] === got[j - 1] ? cost[i - 1][j - 1] : 1 + Math.min(cost[i - 1][j - 1], cost[i - 1][j], cost[i][j - 1]);
  const parts = [];
  const put = (tag, token) => parts.unshift([tag, token]);
  for (let i = wanted.length, j = got.length; i > 0 || j > 0;) {
    if (i > 0 && j > 0 && wanted[i - 1] === got[j - 1]) {
      put('', got[--j]);
      --i;
    } else if (i > 0 && j > 0 && cost[i][j] === cost[i - 1][j - 1] + 1) {
      put('ins', got[--j]);
      put('del', wanted[--i]);
    } else if (i > 0 && cost[i][j] === cost[i - 1][j] + 1) put('del', wanted[--i]);
    else put('ins', got[--j]);
  }
  return parts;
}

function marked(row) {
  const joint = row.output_tokens.join('') === row.output ? '' : ' ';
  // What is missing at a place comes before what is inserted there.
  const groups = [];
  const add = (tag, token) => {
    const last = groups[groups.length - 1], before = groups[groups.length - 2];
    if (last && last[0] === tag) last[1].push(token);
    else if (tag === 'del' && last && last[0] === 'ins') {
      if (before && before[0] === 'del') before[1].push(token);
      else groups.splice(groups.length - 1, 0, [tag, [token]]);
    } else groups.push([tag, [token]]);
  };
  for (const [tag, token] of difference(row.wanted_tokens, row.output_tokens)) add(tag, token);
  return h('span', {class: 'mono'}, groups.map(([tag, tokens], i) => [i > 0 ? joint : '', tag ? h(tag, {}, tokens.join(joint)) : tokens.join(joint)]));
}

function lengthPlot() {
  const holder = h('div');
  onChoice(() => {
    const series = shownRuns().filter((run) => run.pairs).map((run) => ({run,
      xs: run.pairs.by_length.map((b) => (b.low + b.high) / 2), ys: run.pairs.by_length.map((b) => b.exact / b.sources)}));
    const names = new Map(runs.filter((run) => run.pairs).flatMap((run) => run.pairs.by_length.map((b) => [(b.low + b.high) / 2, b.low === b.high ? `length ${b.low}` : `length ${b.low} to ${b.high}`])));
    holder.replaceChildren(linePlot(series, {id: 'by_length', title: 'Outputs exactly right', x: 'source length', note: 'tokens of the source', points: true,
      low: 0, high: 1, format: percent, tick: (v) => `${short(100 * v)} %`, place: (x) => names.get(x)}));
  });
  return holder;
}

function errorsSection() {
  const has = (run) => run.pairs !== null;
  if (!runs.some(has)) return null;
  const confused = h('div', {class: 'card'}), worst = h('div', {class: 'card'}), controls = h('div', {class: 'controls'}), about = h('p', {class: 'muted'});
  let drawn = -1;
  onChoice(() => {
    const run = has(runs[choice.run]) ? runs[choice.run] : runs.find(has);
    if (run.index === drawn) return;
    drawn = run.index;
    const {pairs} = run, most = Math.max(1, ...pairs.confusions.map((c) => c.count));
    about.textContent = `${run.name}: ${number(pairs.exact)} of ${counted(pairs.sources, 'output')} right (${percent(pairs.exact / pairs.sources)}), ${counted(pairs.edits, 'edit')} for ${number(pairs.reference_tokens)} reference tokens; ${pairs.origin}, decoded greedily.`;
    confused.replaceChildren(h('h3', {}, 'Most confused tokens'), pairs.confusions.length === 0 ? h('p', {class: 'muted'}, 'None: every output is right.')
      : sortableTable('Most confused tokens', [
        {title: 'wanted', kind: 'name', value: (c) => c.wanted, cell: (c) => spaced(c.wanted)},
        {title: 'got', kind: 'name', value: (c) => c.got, cell: (c) => spaced(c.got)},
        {title: 'times', kind: 'number', value: (c) => c.count, cell: (c) => meter(number(c.count), c.count / most)}], pairs.confusions, {sorted: 2, descending: true}));
    worst.replaceChildren(h('h3', {}, 'Worst outputs'), ...(pairs.worst.length === 0 ? [h('p', {class: 'muted'}, 'None: every output is right.')]
      : [h('p', {class: 'small muted'}, h('ins', {}, 'inserted'), ' by the model, ', h('del', {}, 'missing'), ' from the output'),
        sortableTable('Worst outputs', [
          {title: 'source', kind: 'text', value: (row) => row.source, cell: (row) => h('span', {class: 'mono'}, row.source)},
          {title: 'output against the nearest reference', kind: 'text', value: (row) => row.output, cell: marked},
          {title: 'edits', kind: 'number', value: (row) => row.edits}], pairs.worst)]));
    const select = runSelection(has), focused = controls.contains(document.activeElement);
    controls.replaceChildren(...[select].filter(Boolean));
    if (focused && select) select.querySelector('select').focus();
  });
  return section('errors', 'Errors', null, runs.length > 1 && h('div', {class: 'controls'}, legend()), lengthPlot(),
    controls, about, h('div', {class: 'sides'}, confused, worst));
}
