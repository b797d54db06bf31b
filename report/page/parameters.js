// Parameters with shapes, norms and gradient norms.
function parametersSection() {
  const has = (run) => run.tensors !== null;
  if (!runs.some(has)) return null;
  const box = h('div', {class: 'card'}), controls = h('div', {class: 'controls'});
  let drawn = -1;
  onChoice(() => {
    const run = has(runs[choice.run]) ? runs[choice.run] : runs.find(has);
    if (run.index === drawn) return;
    drawn = run.index;
    const {tensors} = run;
    const most = (field) => Math.max(0, ...tensors.map((t) => t[field] ?? 0)) || 1;
    const norm = most('norm'), gradient = most('gradient');
    box.replaceChildren(
      h('p', {}, `${run.name}: ${counted(run.parameters, 'number')} in ${counted(tensors.length, 'tensor')}.`),
      sortableTable('Parameters', [
        {title: 'name', kind: 'name', value: (t) => t.name, cell: (t) => h('span', {class: 'mono'}, t.name, t.kind === 'parameter' ? '' : h('span', {class: 'muted'}, ` (${t.kind})`))},
        {title: 'shape', kind: 'number', value: (t) => t.numbers, cell: (t) => (t.shape.length > 0 ? t.shape.join(' × ') : 'scalar')},
        {title: 'numbers', kind: 'number', value: (t) => t.numbers},
        {title: 'norm', kind: 'number', value: (t) => t.norm, cell: (t) => meter(number(t.norm), t.norm / norm)},
        {title: 'root mean square', kind: 'number', value: (t) => t.norm / Math.sqrt(t.numbers), cell: (t) => number(t.norm / Math.sqrt(t.numbers))},
        {title: 'gradient norm', kind: 'number', value: (t) => t.gradient, cell: (t) => (t.gradient === null ? '–' : meter(number(t.gradient), t.gradient / gradient))}], tensors));
    const select = runSelection(has), focused = controls.contains(document.activeElement);
    controls.replaceChildren(...[select].filter(Boolean));
    if (focused && select) select.querySelector('select').focus();
  });
  return section('parameters', 'Parameters', 'Of the best checkpoint. Norms are Euclidean. Gradients are those of the loss per token or image on up to 64 of the pairs or images above.', controls, box);
}
