// Runs of images: the confusion matrix, the images that were misread, and attention to patches.
const className = (pairs, label) => pairs.classes[label] ?? String(label);
const ofImages = (run) => Boolean(run.images);

function picture(image, title) {
  return h('img', {src: image.picture, alt: title, class: 'picture'});
}

function confusionTable(found) {
  const {classes, confusion} = found;
  const totals = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const head = h('tr', {}, h('th', {scope: 'col'}, 'label'), classes.map((name) => h('th', {scope: 'col', class: 'long'}, h('span', {}, name))), h('th', {scope: 'col', class: 'number'}, 'right'));
  const rows = confusion.map((row, label) => h('tr', {}, h('th', {scope: 'row'}, className(found, label)), row.map((count, read) => {
    const share = totals[label] > 0 ? count / totals[label] : 0;
    const cell = h('td', {class: read === label ? 'same' : null, title: `${className(found, label)} read as ${className(found, read)}: ${number(count)} of ${number(totals[label])}`}, count === 0 ? h('span', {class: 'muted'}, '·') : number(count));
    cell.style.setProperty('--w', (count === 0 ? 0 : 0.05 + 0.45 * share).toFixed(3));
    return cell;
  }), h('td', {class: 'number share'}, totals[label] > 0 ? percent(row[label] / totals[label]) : '–')));
  return h('div', {class: 'scroll free', tabindex: '0', role: 'region', 'aria-label': 'Confusion matrix'},
    h('table', {class: 'confusion'}, h('caption', {class: 'hidden'}, 'Confusion matrix: a row per label, a column per class that was read'), h('thead', {}, head), h('tbody', {}, rows)));
}

function confusedClasses(found) {
  const rows = [];
  found.confusion.forEach((row, label) => row.forEach((count, read) => { if (count > 0 && read !== label) rows.push({label, read, count}); }));
  rows.sort((a, b) => b.count - a.count);
  const most = Math.max(1, ...rows.map((row) => row.count));
  if (rows.length === 0) return h('p', {class: 'muted'}, 'None: every image is read right.');
  return sortableTable('Most confused classes', [
    {title: 'label', kind: 'name', value: (row) => className(found, row.label)},
    {title: 'read as', kind: 'name', value: (row) => className(found, row.read)},
    {title: 'images', kind: 'number', value: (row) => row.count, cell: (row) => meter(number(row.count), row.count / most)}], rows.slice(0, 50), {sorted: 2, descending: true});
}

function misreadPictures(found) {
  if (found.misread.length === 0) return h('p', {class: 'muted'}, found.correct === found.images ? 'None: every image is read right.' : 'Left out, to keep the page small.');
  return h('ul', {class: 'pictures'}, found.misread.map((image) => h('li', {},
    picture(image, `An image of ${className(found, image.label)}`),
    h('span', {}, className(found, image.label)), h('span', {class: 'wrong'}, `✗ ${className(found, image.read)}`), h('span', {class: 'muted'}, percent(image.probability)))));
}

const mostClasses = 50;
function imagesSection() {
  if (!runs.some(ofImages)) return null;
  const box = h('div'), controls = h('div', {class: 'controls'});
  let drawn = -1;
  onChoice(() => {
    const run = ofImages(runs[choice.run]) ? runs[choice.run] : runs.find(ofImages);
    if (run.index === drawn) return;
    drawn = run.index;
    const found = run.images;
    box.replaceChildren(
      h('p', {class: 'muted'}, `${run.name}: ${number(found.correct)} of ${counted(found.images, 'image')} right (${percent(found.correct / found.images)}); ${found.origin}.${found.left_out > 0 ? ` ${counted(found.left_out, 'picture')} left out, to keep the page small.` : ''}`),
      ...(found.classes.length <= mostClasses ? [h('div', {class: 'card'}, h('h3', {}, 'Confusion matrix'), h('p', {class: 'small muted'}, 'A row per label, a column per class that was read. A stronger colour is a larger share of the images of the label.'), confusionTable(found))] : []),
      h('div', {class: 'sides'},
        h('div', {class: 'card'}, h('h3', {}, 'Most confused classes'), confusedClasses(found)),
        h('div', {class: 'card'}, h('h3', {}, 'Misread with the highest probability'), misreadPictures(found))));
    const select = runSelection(ofImages), focused = controls.contains(document.activeElement);
    controls.replaceChildren(...[select].filter(Boolean));
    if (focused && select) select.querySelector('select').focus();
  });
  return section('images', 'Classes', null, controls, box);
}

// An image under a grid of its patches, more orange where the head reads more.
function patchMap(found, sample, map, title, status) {
  const {patch_rows: rows, patch_columns: columns} = found;
  const most = Math.max(1, ...map.weights);
  const cells = map.weights.map((weight, i) => {
    const cell = h('span', {class: 'patch', 'data-weight': (weight / 1000).toFixed(3)});
    cell.style.setProperty('--w', (weight / most).toFixed(3));
    cell.dataset.place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
    return cell;
  });
  let at = 0;
  const show = (i) => {
    grid.querySelector('.at')?.classList.remove('at');
    cells[i].classList.add('at');
    at = i;
    status.replaceChildren(`${title}: the patch in ${cells[i].dataset.place} has weight `, h('strong', {}, cells[i].dataset.weight));
  };
  const grid = h('div', {class: 'patches', tabindex: '0', role: 'img', 'aria-label': `${title}: attention to ${rows} rows of ${columns} patches; the arrow keys move over them`,
    pointerover: (event) => { const i = cells.indexOf(event.target); if (i >= 0) show(i); },
    focus: () => show(at),
    keydown: (event) => {
      const step = {ArrowUp: -columns, ArrowDown: columns, ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!step) return;
      event.preventDefault();
      if (at + step >= 0 && at + step < cells.length) show(at + step);
    }}, h('img', {src: sample.picture, alt: ''}), cells);
  grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
  return h('figure', {class: 'patchmap'}, grid, h('figcaption', {class: 'small muted'}, title));
}

function patchTable(found, maps) {
  const {patch_columns: columns} = found;
  return sortableTable('Weights of the patches', [
    {title: 'layer', kind: 'number', value: (row) => row.layer}, {title: 'head', kind: 'number', value: (row) => row.head},
    {title: 'row', kind: 'number', value: (row) => row.row}, {title: 'column', kind: 'number', value: (row) => row.column},
    {title: 'weight', kind: 'number', value: (row) => row.weight, cell: (row) => row.weight.toFixed(3)}],
  maps.flatMap((map) => map.weights.map((weight, i) => ({layer: map.layer, head: map.head, row: Math.floor(i / columns) + 1, column: (i % columns) + 1, weight: weight / 1000}))));
}

function patchesSection() {
  const has = (run) => ofImages(run) && run.images.samples.length > 0;
  if (!runs.some(has)) return null;
  const box = h('div', {class: 'card'}), controls = h('div', {class: 'controls'});
  const view = {sample: 0, layer: 0};
  let drawn = null;
  function draw(run) {
    const found = run.images, sample = found.samples[view.sample] || found.samples[0];
    const layers = [...new Set(sample.attention.map((map) => map.layer))];
    const layer = layers.includes(view.layer) ? view.layer : layers[layers.length - 1];
    const maps = sample.attention.filter((map) => map.layer === layer);
    const focused = controls.contains(document.activeElement) && document.activeElement.closest('[data-control]')?.dataset.control;
    const named = (name, control) => { if (control) control.dataset.control = name; return control; };
    controls.replaceChildren(...[
      named('run', runSelection(has)),
      named('sample', selection('Image', found.samples.map((s, i) => [i, `${className(found, s.label)}${s.read === s.label ? '' : ' ✗'}`]), found.samples.indexOf(sample), (i) => { view.sample = Number(i); draw(run); })),
      layers.length > 1 ? named('layer', selection('Layer', layers.map((l) => [l, l]), layer, (l) => { view.layer = Number(l); draw(run); })) : null,
    ].filter(Boolean));
    if (focused) controls.querySelector(`[data-control="${focused}"] select`)?.focus();
    const status = h('p', {class: 'status', role: 'status'}, h('span', {class: 'muted'}, 'Point at a patch, or move with the arrow keys, to see its weight.'));
    box.replaceChildren(
      h('dl', {class: 'decoded'}, h('dt', {}, 'label'), h('dd', {}, className(found, sample.label)), h('dt', {}, 'read as'), h('dd', {}, className(found, sample.read), ' ',
        h('span', {class: sample.read === sample.label ? 'right' : 'wrong'}, sample.read === sample.label ? '✓ right' : '✗ wrong'), ` with probability ${percent(sample.probability)}`)),
      h('div', {class: 'patchmaps'}, h('figure', {class: 'patchmap'}, picture(sample, `An image of ${className(found, sample.label)}`), h('figcaption', {class: 'small muted'}, 'the image')),
        maps.map((map) => patchMap(found, sample, map, `Layer ${map.layer}, head ${map.head}`, status))),
      status, h('div', {class: 'scale heat'}, '0', h('i', {'aria-hidden': 'true'}), 'the largest weight of the head'),
      lazyDetails('Table of the weights of all layers', () => patchTable(found, sample.attention)));
    drawn = run.index;
  }
  onChoice(() => {
    const run = has(runs[choice.run]) ? runs[choice.run] : runs.find(has);
    if (drawn !== run.index) draw(run);
  });
  return section('patches', 'Attention to patches', 'What each head of the classifier reads: the weights of the extra token, or without one the means over all patches.', controls, box);
}
