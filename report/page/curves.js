// The curves of metrics.jsonl and times.jsonl.
const curveTitles = {
  loss: 'Training loss', valid_loss: 'Validation loss', lr: 'Learning rate', grad_norm: 'Gradient norm',
  tokens_per_second: 'Speed', examples_per_second: 'Speed', valid_bleu: 'Validation BLEU', valid_chrf: 'Validation chrF',
};
const perExample = runs.every((run) => run.model === 'vit') ? 'nats per image' : 'nats per token';
const curveNotes = {
  loss: perExample, valid_loss: perExample, grad_norm: 'before clipping', tokens_per_second: 'target tokens per second', examples_per_second: 'examples per second',
};
const isRate = (name) => /_rate$|accuracy$/.test(name);

function curveTitle(name) {
  const words = name.replace(/^valid_/, 'validation ').replaceAll('_', ' ');
  return curveTitles[name] || words[0].toUpperCase() + words.slice(1);
}

// The seconds of training at a step, between the two nearest known ones.
function secondsAt(run, step) {
  const {steps, values} = run.seconds;
  if (steps.length === 0) return null;
  const after = steps.findIndex((s) => s >= step);
  if (after < 0) return steps.length > 1 || steps[0] === step ? values[values.length - 1] * (step / steps[steps.length - 1]) : null;
  const [s0, v0] = after === 0 ? [0, 0] : [steps[after - 1], values[after - 1]];
  return v0 + ((values[after] - v0) * (step - s0)) / (steps[after] - s0 || 1);
}

function curvesSection() {
  const names = [];
  for (const run of runs) for (const curve of run.curves) if (!names.includes(curve.name)) names.push(curve.name);
  const rank = (name) => {
    const at = ['loss', 'valid_loss'].indexOf(name);
    return at >= 0 ? at : name.startsWith('valid_') ? 2 : ['lr', 'grad_norm', 'tokens_per_second', 'examples_per_second'].indexOf(name) + 4;
  };
  names.sort((a, b) => rank(a) - rank(b));
  const timed = runs.some((run) => run.seconds.steps.length > 0);
  const grid = h('div', {class: 'grid'});
  const thin = runs.some((run) => run.curves.some((curve) => curve.points > curve.steps.length));
  const range = h('input', {type: 'range', min: 0, max: 0.95, step: 0.05, value: 0, 'aria-label': 'Smoothing', input: () => choose({smooth: Number(range.value)})});
  const controls = h('div', {class: 'controls'},
    timed && segments('Over', [['step', 'steps'], ['minute', 'minutes']], choice.axis, (axis) => choose({axis})),
    segments('Scale', [['linear', 'linear'], ['log', 'log']], 'linear', (scale) => choose({log: scale === 'log'})),
    h('label', {}, h('span', {class: 'muted'}, 'Smoothing'), range),
    legend());
  let drawn = '';
  onChoice(() => {
    const state = JSON.stringify([[...choice.shown].sort(), choice.axis, choice.log, choice.smooth]);
    if (state === drawn) return;
    drawn = state;
    const minutes = choice.axis === 'minute';
    const opened = new Set([...grid.querySelectorAll('details[open]')].map((d) => d.parentElement.dataset.plot));
    grid.replaceChildren(...names.map((name) => {
      const series = [];
      for (const run of shownRuns()) {
        const curve = run.curves.find((c) => c.name === name);
        if (!curve) continue;
        const place = (step) => { const s = secondsAt(run, step); return s === null ? null : s / 60; };
        series.push({run, xs: minutes ? curve.steps.map(place) : curve.steps, ys: curve.values,
          best: name.startsWith('valid_') && run.best_step !== null ? (minutes ? place(run.best_step) : run.best_step) : null});
      }
      const rate = isRate(name);
      const plot = linePlot(series, {id: name, title: curveTitle(name), x: minutes ? 'minutes' : 'steps', log: choice.log, smooth: choice.smooth,
        left: 0, note: curveNotes[name], format: rate ? percent : (v) => number(v), tick: rate ? (v) => `${short(100 * v)} %` : short,
        place: minutes ? (x) => clock(60 * x) : (x) => `step ${number(x)}`});
      if (opened.has(name)) plot.querySelector('details').open = true;
      return plot;
    }));
  });
  return section('curves', 'Curves', `A ring marks the best validation. ${thin ? 'Long curves are thinned: of neighbouring points the smallest and the largest stay, so peaks do too.' : ''}`,
    controls, names.length > 0 ? grid : h('p', {class: 'muted'}, 'The runs have no metrics yet.'));
}
