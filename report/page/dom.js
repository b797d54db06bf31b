'use strict';

// Elements, numbers and the shared choices of the reader.
const report = JSON.parse(document.getElementById('data').textContent);
const runs = report.runs;
runs.forEach((run, index) => { run.index = index; });

// h('p', {class: 'lead'}, 'text', child): an element. Attributes that are functions become listeners.
function h(tag, attributes, ...children) {
  const svg = ['svg', 'path', 'line', 'g', 'text', 'circle', 'rect', 'title'].includes(tag);
  const element = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => ![null, undefined, false, ''].includes(child)));
  return element;
}

function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace('e+', 'e');
  if (Number.isInteger(value)) return value.toLocaleString('en-US').replaceAll(',', '\u202f');
  return String(Number(value.toPrecision(digits)));
}
const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–');
const counted = (count, what) => `${number(count)} ${what}${count === 1 ? '' : 's'}`;

function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds) % 60];
  return parts[0] > 0 ? `${parts[0]} h ${parts[1]} min` : parts[1] > 0 ? `${parts[1]} min ${parts[2]} s` : `${parts[2]} s`;
}

// Eight colours; later runs repeat them with other dashes. Neighbours differ in dashes too.
const dashes = ['', '7 4', '2 3', '10 3 2 3', '', '7 4', '2 3', '10 3 2 3'];
const colour = (run) => `var(--run-${run.index % 8})`;
const dash = (run) => (runs.length === 1 ? '' : dashes[(run.index + (Math.floor(run.index / 8) % 4)) % 8]);
function key(run) {
  const line = h('line', {x1: 1, x2: 25, y1: 5, y2: 5, 'stroke-dasharray': dash(run)});
  line.style.stroke = colour(run);
  return h('svg', {class: 'key', viewBox: '0 0 26 10', 'aria-hidden': 'true'}, line);
}

// What the reader chose. Parts of the page that depend on it redraw themselves.
const choice = {shown: new Set(runs.map((run) => run.index)), run: 0, axis: 'step', log: false, smooth: 0};
const redraws = [];
function onChoice(redraw) {
  redraws.push(redraw);
  redraw();
}
function choose(change) {
  Object.assign(choice, change);
  for (const redraw of redraws) redraw();
}
const shownRuns = () => runs.filter((run) => choice.shown.has(run.index));

// Boxes that show and hide runs, with the line of each in plots.
function legend() {
  if (runs.length === 1) return null;
  const boxes = runs.map((run) => h('input', {type: 'checkbox', change: (event) => {
    const shown = new Set(choice.shown);
    shown[event.target.checked ? 'add' : 'delete'](run.index);
    choose({shown});
  }}));
  onChoice(() => boxes.forEach((box, at) => { box.checked = choice.shown.has(at); }));
  return h('span', {class: 'legend', role: 'group', 'aria-label': 'Runs shown'}, runs.map((run, at) => h('label', {class: 'run'}, boxes[at], key(run), run.name)));
}

function say(text) {
  document.getElementById('live').textContent = text;
}

// A row of buttons of which one is pressed. options: [[value, label], ...]
function segments(label, options, value, pick) {
  const buttons = options.map(([own, text]) => h('button', {type: 'button', 'aria-pressed': String(own === value), 'data-value': own,
    click: () => {
      for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.value === String(own)));
      pick(own);
    }}, text));
  return h('span', {class: 'field'}, h('span', {class: 'muted'}, label), h('span', {class: 'segments', role: 'group', 'aria-label': label}, buttons));
}

function selection(label, options, value, pick) {
  const select = h('select', {change: () => pick(select.value)}, options.map(([own, text]) => h('option', {value: own, selected: String(own) === String(value)}, text)));
  return h('label', {}, h('span', {class: 'muted'}, label), select);
}

function runSelection(accept) {
  if (runs.length === 1) return null;
  return selection('Run', runs.filter(accept).map((run) => [run.index, run.name]), choice.run, (index) => choose({run: Number(index)}));
}

function section(id, title, lead, ...children) {
  return h('section', {id, 'aria-labelledby': `${id}-title`}, h('h2', {id: `${id}-title`}, title), lead && h('p', {class: 'lead'}, lead), children);
}
