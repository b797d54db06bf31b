// Attention maps of sample outputs: all layers and heads.
const readsTitles = {
  source_by_target: 'Output reads source', source_by_source: 'Source reads source', target_by_target: 'Output reads output',
};

// The mean of the heads of a layer.
function meanOf(maps) {
  const weights = maps[0].weights.map((_, i) => maps.reduce((sum, map) => sum + map.weights[i], 0) / maps.length);
  return {...maps[0], head: 0, weights};
}

function mapTable(map, status) {
  const {rows, columns, weights} = map;
  const cells = [], tops = [], sides = [];
  const long = columns.some((token) => [...token].length > 3);
  const head = h('tr', {}, h('td', {}), columns.map((token, c) => (tops[c] = h('th', {scope: 'col', class: long ? 'long' : ''}, h('span', {}, token)))));
  head.firstChild.style.cssText = 'background:none;box-shadow:none';
  const body = rows.map((token, r) => h('tr', {}, (sides[r] = h('th', {scope: 'row'}, token)), columns.map((_, c) => {
    const weight = weights[r * columns.length + c] / 1000;
    const cell = h('td', {tabindex: r + c === 0 ? '0' : '-1', 'data-weight': weight.toFixed(3)}, h('span', {class: 'hidden'}, weight.toFixed(3)));
    cell.style.setProperty('--w', weight.toFixed(3));
    cells.push(cell);
    return cell;
  })));
  let at = [0, 0];
  function show(r, c) {
    for (const lit of table.querySelectorAll('.lit, .at')) lit.classList.remove('lit', 'at');
    tops[c].classList.add('lit');
    sides[r].classList.add('lit');
    cells[r * columns.length + c].classList.add('at');
    status.replaceChildren(h('span', {class: 'mono'}, rows[r]), ' reads ', h('span', {class: 'mono'}, columns[c]), ' with weight ',
      h('strong', {}, cells[r * columns.length + c].dataset.weight));
  }
  function go(r, c) {
    cells[at[0] * columns.length + at[1]].tabIndex = -1;
    at = [Math.max(0, Math.min(rows.length - 1, r)), Math.max(0, Math.min(columns.length - 1, c))];
    const cell = cells[at[0] * columns.length + at[1]];
    cell.tabIndex = 0;
    cell.focus();
  }
  const rem = Math.min(2.6, Math.max(1.3, 30 / Math.max(columns.length, rows.length)));
  const table = h('table', {class: 'map', style: `--cell: ${rem.toFixed(2)}rem`,
    pointerover: (event) => {
      const index = cells.indexOf(event.target.closest('td'));
      if (index >= 0) show(Math.floor(index / columns.length), index % columns.length);
    },
    focusin: (event) => {
      const index = cells.indexOf(event.target);
      if (index >= 0) show(...(at = [Math.floor(index / columns.length), index % columns.length]));
    },
    keydown: (event) => {
      const to = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e9], End: [0, 1e9]}[event.key];
      if (!to) return;
      event.preventDefault();
      go(at[0] + to[0], at[1] + to[1]);
    }}, h('caption', {class: 'hidden'}, 'Attention weights: a row per reading token, a column per token read'), h('thead', {}, head), h('tbody', {}, body));
  return table;
}

// A small picture of a map on a button.
function thumbnail(map, label, pressed, pick) {
  const canvas = h('canvas', {width: map.columns.length, height: map.rows.length, 'aria-hidden': 'true'});
  const paint = canvas.getContext('2d'), ink = getComputedStyle(document.documentElement).getPropertyValue('--map').trim().split(' ').map(Number);
  const image = paint.createImageData(map.columns.length, map.rows.length);
  map.weights.forEach((weight, i) => image.data.set([...ink, Math.round((255 * weight) / 1000)], 4 * i));
  paint.putImageData(image, 0, 0);
  return h('button', {type: 'button', 'aria-pressed': String(pressed), 'aria-label': label, title: label, click: pick}, canvas);
}

function attentionSection() {
  const has = (run) => Boolean(run.pairs && run.pairs.samples.some((sample) => sample.attention.length > 0));
  if (!runs.some(has)) return null;
  const box = h('div', {class: 'card'}), controls = h('div', {class: 'controls'});
  const view = {sample: -1, reads: 'source_by_target', layer: 1, head: 0};
  let drawn = null;

  function draw(run) {
    const samples = run.pairs.samples.map((sample, index) => ({...sample, index})).filter((sample) => sample.attention.length > 0);
    const sample = samples.find((s) => s.index === view.sample) || samples[Math.floor(samples.length / 2)];
    const kinds = Object.keys(readsTitles).filter((kind) => sample.attention.some((map) => map.reads === kind));
    const reads = kinds.includes(view.reads) ? view.reads : kinds[0];
    const maps = sample.attention.filter((map) => map.reads === reads);
    const layers = [...new Set(maps.map((map) => map.layer))];
    const layer = layers.includes(view.layer) ? view.layer : layers[layers.length - 1];
    const heads = maps.filter((map) => map.layer === layer);
    const map = heads.length === 1 ? heads[0] : heads.find((m) => m.head === view.head) || meanOf(heads);
    const pick = (change) => { Object.assign(view, {sample: sample.index, reads, layer, head: map.head}, change); draw(run); };
    const focused = controls.contains(document.activeElement) && document.activeElement.closest('label, .field')?.dataset.control;
    const named = (name, control) => { if (control) control.dataset.control = name; return control; };

    controls.replaceChildren(...[
      named('run', runSelection(has)),
      named('sample', selection('Source', samples.map((s) => [s.index, `${s.source}${s.edits === 0 ? '' : ' ✗'}`]), sample.index, (index) => pick({sample: Number(index)}))),
      kinds.length > 1 ? named('reads', selection('Attention', kinds.map((kind) => [kind, readsTitles[kind]]), reads, (kind) => pick({reads: kind}))) : null,
      layers.length > 1 ? named('layer', selection('Layer', layers.map((l) => [l, l]), layer, (l) => pick({layer: Number(l)}))) : null,
      heads.length > 1 ? named('head', selection('Head', [[0, 'mean of all'], ...heads.map((m) => [m.head, m.head])], map.head, (head) => pick({head: Number(head)}))) : null,
    ].filter(Boolean));
    if (focused) controls.querySelector(`[data-control="${focused}"] select`)?.focus();

    const status = h('p', {class: 'status', role: 'status'}, h('span', {class: 'muted'}, 'Point at a cell, or move with the arrow keys, to see its weight.'));
    const thumbs = maps.length > 1 && h('div', {class: 'thumbs'}, layers.map((l) => [
      h('h3', {}, `Layer ${l}`),
      h('div', {class: 'row'}, maps.filter((m) => m.layer === l).map((m) => thumbnail(m, `Layer ${m.layer}, head ${m.head}`,
        m.layer === layer && m.head === map.head, () => pick({layer: m.layer, head: m.head}))))]));
    box.replaceChildren(
      h('dl', {class: 'decoded'}, h('dt', {}, 'source'), h('dd', {class: 'mono'}, sample.source),
        h('dt', {}, 'wanted'), h('dd', {class: 'mono'}, sample.wanted),
        h('dt', {}, 'output'), h('dd', {class: 'mono'}, sample.output, ' ',
          h('span', {class: sample.edits === 0 ? 'right' : 'wrong'}, sample.edits === 0 ? '✓ right' : `✗ ${counted(sample.edits, 'edit')}`))),
      h('div', {class: 'reading'}, h('div', {}, h('div', {class: 'mapbox'}, mapTable(map, status)), status,
        h('div', {class: 'scale'}, '0', h('i', {'aria-hidden': 'true'}), '1')), thumbs || null));
    drawn = run.index;
  }
  onChoice(() => {
    const run = has(runs[choice.run]) ? runs[choice.run] : runs.find(has);
    if (drawn !== run.index) draw(run);
  });
  document.addEventListener('themechange', () => { drawn = null; choose({}); });
  const left = runs.reduce((sum, run) => sum + (run.pairs ? run.pairs.samples_left_out : 0), 0);
  return section('attention', 'Attention', `A row is a token that reads, a column a token that it reads. ⏎ is the end, ⊢ the start of the output.${left > 0 ? ` ${counted(left, 'sample')} have no maps here, to keep the page small.` : ''}`,
    controls, box);
}
