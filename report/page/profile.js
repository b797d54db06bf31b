// Where the time and the memory of a training step go.
function profileSection() {
  const has = (run) => run.profile !== null;
  if (!runs.some(has)) return null;
  const box = h('div', {class: 'stack'}), controls = h('div', {class: 'controls'});
  let drawn = -1;
  onChoice(() => {
    const run = has(runs[choice.run]) ? runs[choice.run] : runs.find(has);
    if (run.index === drawn) return;
    drawn = run.index;
    const {numbers, ops, layers} = run.profile;
    const of = (row, field) => (row.forward[field] || 0) + (row.backward[field] || 0);
    const share = (row) => of(row, 'ms') / numbers.step_ms;
    const rate = (row, field) => (of(row, field) > 0 && of(row, 'ms') > 0 ? of(row, field) / of(row, 'ms') / 1e6 : null);
    const table = (title, rows) => {
      const most = Math.max(0, ...rows.map(share)) || 1;
      return h('div', {class: 'card'}, sortableTable(title, [
        {title: title.toLowerCase(), kind: 'name', value: (row) => row.name || '(no layer)', cell: (row) => h('span', {class: 'mono'}, row.name || '(no layer)')},
        {title: 'calls', kind: 'number', value: (row) => of(row, 'calls')},
        {title: 'forward ms', kind: 'number', value: (row) => row.forward.ms || 0},
        {title: 'backward ms', kind: 'number', value: (row) => row.backward.ms || 0},
        {title: 'share', kind: 'number', value: share, cell: (row) => meter(percent(share(row)), share(row) / most)},
        {title: 'GFLOP/s', kind: 'number', value: (row) => rate(row, 'flops')},
        {title: 'GB/s', kind: 'number', value: (row) => rate(row, 'bytes')},
        {title: 'of the limit', kind: 'number', value: (row) => of(row, 'least_ms') / of(row, 'ms'),
          cell: (row) => (of(row, 'least_ms') > 0 && of(row, 'ms') > 0 ? percent(of(row, 'least_ms') / of(row, 'ms')) : '–')},
        {title: 'MB kept', kind: 'number', value: (row) => (row.forward.kept_bytes || 0) / 1e6}], rows, {sorted: 4, descending: true}));
    };
    box.replaceChildren(
      h('p', {}, `${run.name}: a step of ${number(numbers.step_ms)} ms; outside of ops ${percent(numbers.outside_ms / numbers.step_ms)}, `
        + `clipping ${percent(numbers.clip_ms / numbers.step_ms)}, update ${percent(numbers.update_ms / numbers.step_ms)}; at most `
        + `${number(numbers.peak_bytes / 1e6)} MB in use. The machine reached ${number(numbers.gflops)} GFLOP/s and ${number(numbers.gb_per_second)} GB/s.`),
      table('Layer', layers), table('Op', ops));
    const select = runSelection(has), focused = controls.contains(document.activeElement);
    controls.replaceChildren(...[select].filter(Boolean));
    if (focused && select) select.querySelector('select').focus();
  });
  return section('profile', 'Profile', 'One training step by layer and by op, from gradus profile. The limit is the time that the machine needs at least for the work; data in caches can be faster. MB kept stays in use after the forward pass.', controls, box);
}
