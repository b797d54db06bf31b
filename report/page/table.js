// A table that its headings sort. columns: [{title, value: row => sort key, cell: row => content, kind: 'number' | 'text' | 'name'}]
function sortableTable(caption, columns, rows, {sorted = -1, descending = false, free = false} = {}) {
  const body = h('tbody');
  const headings = columns.map((column, at) => h('th', {class: column.kind, scope: 'col'},
    h('button', {type: 'button', click: () => sort(at, at === sorted ? !descending : column.kind === 'number')}, column.title)));
  const cellOf = (column, row, first) => {
    const content = column.cell ? column.cell(row) : column.kind === 'number' ? number(column.value(row)) : column.value(row);
    return h(first ? 'th' : 'td', {class: column.kind, scope: first ? 'row' : null}, content);
  };
  function fill() {
    const order = [...rows];
    if (sorted >= 0) {
      const value = columns[sorted].value;
      const compare = (a, b) => (a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1
        : typeof a === 'number' ? a - b : String(a).localeCompare(String(b)));
      order.sort((a, b) => (descending ? compare(value(b), value(a)) : compare(value(a), value(b))));
    }
    headings.forEach((heading, at) => {
      if (at === sorted) heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else heading.removeAttribute('aria-sort');
    });
    body.replaceChildren(...order.map((row) => h('tr', {}, columns.map((column, at) => cellOf(column, row, at === 0)))));
  }
  function sort(at, down) {
    sorted = at;
    descending = down;
    fill();
    say(`Sorted by ${columns[at].title}, ${down ? 'largest' : 'smallest'} first`);
  }
  fill();
  const table = h('table', {}, h('caption', {class: 'hidden'}, caption), h('thead', {}, h('tr', {}, headings)), body);
  return h('div', {class: free ? 'scroll free' : 'scroll', tabindex: '0', role: 'region', 'aria-label': caption}, table);
}

// A closed element whose content is made when it is first opened.
function lazyDetails(title, make) {
  const details = h('details', {toggle: () => {
    if (details.open && details.children.length === 1) details.append(make());
  }}, h('summary', {}, title));
  return details;
}

// A number with a bar below, as a share of the largest.
function meter(text, share) {
  const bar = h('i');
  bar.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
  return [text, h('span', {class: 'meter', 'aria-hidden': 'true'}, bar)];
}
