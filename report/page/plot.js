// Round numbers between two values: about `count` of them.
function ticksBetween(low, high, count) {
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power)
    for (const m of high / low > 1000 ? [1] : [1, 2, 5]) ticks.push(m * 10 ** power);
  const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  return inside.length > 1 ? inside : [low, high];
}

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace('.0e', 'e');
  return String(Number(value.toPrecision(4)));
}

// Exponential moving average, corrected for its start.
function smoothed(values, weight) {
  let sum = 0, total = 0;
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

// Series over a common x, with a cursor for pointer and keys, and a table of the same numbers.
// series: [{run, xs, ys, best: x of the marked point or null}], options: {title, x, format, tick, place: x => text, left, low, high, log, smooth, points, note}
function linePlot(series, options) {
  const {title, x: xName, format = (v) => number(v), log = false, smooth = 0, points = false} = options;
  const drawn = series.map((s) => {
    const kept = s.xs.map((x, i) => [x, s.ys[i]]).filter(([x, y]) => x !== null && y !== null && (!log || y > 0));
    const xs = kept.map(([x]) => x), raw = kept.map(([, y]) => y);
    return {...s, xs, raw, ys: smooth > 0 ? smoothed(raw, smooth) : raw};
  }).filter((s) => s.xs.length > 0);
  const svg = h('svg', {tabindex: '0', role: 'img', 'aria-label': `${title} over ${xName}. The arrow keys move a cursor; a table of the numbers follows.`});
  const tip = h('div', {class: 'tip', hidden: true});
  const now = h('span', {class: 'now'}, options.note || '');
  const figure = h('figure', {class: 'plot card', 'data-plot': options.id || title}, h('figcaption', {}, h('h3', {}, title), now), svg, tip);
  if (drawn.length === 0) {
    svg.replaceWith(h('p', {class: 'muted'}, log ? 'No values above 0.' : 'No values.'));
    return figure;
  }

  const all = drawn.flatMap((s) => [...s.raw]);
  const places = [...new Set(drawn.flatMap((s) => s.xs))].sort((a, b) => a - b);
  let [left, right] = [Math.min(options.left ?? Infinity, places[0]), places[places.length - 1]];
  if (left === right) [left, right] = [left - 1, right + 1];
  let low = options.low ?? Math.min(...all), high = options.high ?? Math.max(...all);
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
  const to = (v) => (log ? Math.log10(v) : v);
  const pad = options.low === undefined ? 0.05 * (to(high) - to(low)) : 0;
  const bottom = to(low) - pad, top = to(high) + pad;
  const height = 208, margin = {left: 50, right: 12, top: 8, bottom: 26};
  let width = 400, cursor = -1;
  const px = (x) => margin.left + ((x - left) / (right - left)) * (width - margin.left - margin.right);
  const py = (y) => margin.top + (1 - (to(y) - bottom) / (top - bottom)) * (height - margin.top - margin.bottom);
  const overlay = h('g');

  function path(xs, ys, s, raw) {
    const d = xs.map((x, i) => `${i === 0 ? 'M' : 'L'}${px(x).toFixed(1)} ${py(ys[i]).toFixed(1)}`).join('');
    const line = h('path', {d, class: raw ? 'raw' : 'series', 'stroke-dasharray': raw ? null : dash(s.run)});
    line.style.stroke = colour(s.run);
    return line;
  }
  function dot(x, y, s, attributes) {
    const circle = h('circle', {cx: px(x), cy: py(y), r: 3.5, ...attributes});
    if (attributes && attributes.class === 'best') circle.style.stroke = colour(s.run);
    else circle.style.fill = colour(s.run);
    return circle;
  }

  function draw() {
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const parts = [];
    const yTicks = log ? logTicks(low, high) : ticksBetween(bottom, top, 5);
    for (const tick of yTicks) {
      const y = py(tick);
      parts.push(h('line', {class: 'gridline', x1: margin.left, x2: width - margin.right, y1: y, y2: y}),
        h('text', {x: margin.left - 7, y: y + 4, 'text-anchor': 'end'}, (options.tick || short)(tick)));
    }
    const xTicks = ticksBetween(left, right, Math.max(3, Math.floor((width - 60) / 75)));
    for (const tick of xTicks) parts.push(h('text', {x: px(tick), y: height - 8, 'text-anchor': 'middle'}, short(tick)));
    parts.push(h('line', {class: 'axis', x1: margin.left, x2: width - margin.right, y1: height - margin.bottom, y2: height - margin.bottom}));
    for (const s of drawn) {
      if (smooth > 0) parts.push(path(s.xs, s.raw, s, true));
      parts.push(path(s.xs, s.ys, s, false));
      if (points || s.xs.length <= 8) parts.push(...s.xs.map((x, i) => dot(x, s.ys[i], s, {})));
      const best = s.best === null || s.best === undefined ? -1 : s.xs.indexOf(s.best);
      if (best >= 0) parts.push(dot(s.xs[best], s.ys[best], s, {class: 'best', r: 4.5}));
    }
    svg.replaceChildren(...parts, overlay);
    point();
  }

  // The last value at or before x, or none after the end of the series.
  function valueAt(s, x) {
    let at = -1;
    for (let i = 0; i < s.xs.length && s.xs[i] <= x; ++i) at = i;
    return at < 0 || (x > s.xs[s.xs.length - 1]) ? -1 : at;
  }
  function point() {
    overlay.replaceChildren();
    tip.hidden = cursor < 0;
    if (cursor < 0) return;
    const x = places[cursor], rows = [], spoken = [];
    overlay.append(h('line', {class: 'cursor', x1: px(x), x2: px(x), y1: margin.top, y2: height - margin.bottom}));
    for (const s of drawn) {
      const at = valueAt(s, x);
      if (at < 0) continue;
      overlay.append(dot(s.xs[at], s.ys[at], s, {}));
      rows.push(h('div', {}, key(s.run), h('span', {class: 'name'}, s.run.name), h('span', {class: 'value'}, format(s.raw[at]))));
      spoken.push(`${s.run.name} ${format(s.raw[at])}`);
    }
    const label = options.place ? options.place(x) : `${xName} ${number(x)}`;
    tip.replaceChildren(h('strong', {}, label), ...rows);
    const box = svg.getBoundingClientRect(), outer = figure.getBoundingClientRect();
    const at = (px(x) / width) * box.width + box.left - outer.left;
    const own = tip.offsetWidth;
    tip.style.left = `${Math.max(4, at + 14 + own > outer.width ? at - own - 14 : at + 14)}px`;
    tip.style.top = `${box.top - outer.top + 6}px`;
    return `${label}: ${spoken.join(', ')}`;
  }
  function move(to, spoken) {
    cursor = Math.max(0, Math.min(places.length - 1, to));
    const text = point();
    if (spoken) say(text);
  }
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const x = left + ((((event.clientX - box.left) / box.width) * width - margin.left) / (width - margin.left - margin.right)) * (right - left);
    let nearest = 0;
    places.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(places[nearest] - x)) nearest = i; });
    move(nearest, false);
  });
  const leave = () => { cursor = -1; point(); };
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('blur', leave);
  svg.addEventListener('keydown', (event) => {
    const far = Math.max(1, Math.round(places.length / 20));
    const steps = {ArrowLeft: cursor - 1, ArrowRight: cursor + 1, PageUp: cursor + far, PageDown: cursor - far, Home: 0, End: places.length - 1};
    if (event.key === 'Escape') leave();
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(steps[event.key], true);
  });
  new ResizeObserver(([entry]) => {
    const wide = Math.round(entry.contentRect.width);
    if (wide > 0 && wide !== width) {
      width = wide;
      draw();
    }
  }).observe(svg);
  draw();

  figure.append(lazyDetails('Table', () => sortableTable(`${title} over ${xName}`,
    [{title: xName, kind: 'number', value: (x) => x, cell: (x) => (options.place ? options.place(x) : number(x, 6))},
      ...drawn.map((s) => {
        const values = new Map(s.xs.map((x, i) => [x, s.raw[i]]));
        return {title: s.run.name, kind: 'number', value: (x) => values.get(x) ?? null, cell: (x) => format(values.get(x) ?? NaN)};
      })], places, {sorted: 0})));
  return figure;
}
