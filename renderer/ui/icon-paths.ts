/** Drawn on a 16 px grid with a 1.4 px stroke. */
export const ICON_PATHS = {
  play: '<path d="M5 3.2v9.6l7.6-4.8z" fill="currentColor"/>',
  stop: '<rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor"/>',
  pause: '<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2"/>',
  "chevron-down": '<path d="M4.5 6.5 8 10l3.5-3.5"/>',
  "chevron-right": '<path d="M6.5 4.5 10 8l-3.5 3.5"/>',
  "up-down": '<path d="M5.5 6.5 8 4l2.5 2.5M5.5 9.5 8 12l2.5-2.5"/>',
  close: '<path d="m4.5 4.5 7 7m0-7-7 7"/>',
  plus: '<path d="M8 3.5v9M3.5 8h9"/>',
  search: '<circle cx="7" cy="7" r="4"/><path d="m10 10 3.2 3.2"/>',
  nodes:
    '<rect x="2" y="3" width="5" height="4" rx="1"/><rect x="9" y="9" width="5" height="4" rx="1"/><path d="M7 5c3 0-1 6 2 6"/>',
  model: '<path d="m8 2 5.2 3v6L8 14l-5.2-3V5z"/><path d="M2.8 5 8 8l5.2-3M8 8v6"/>',
  queue: '<path d="M3 4h10M3 8h10M3 12h6"/>',
  history: '<circle cx="8" cy="8" r="5.7"/><path d="M8 4.8V8l2.2 1.6"/>',
  gallery:
    '<rect x="2.3" y="2.8" width="11.4" height="10.4" rx="1.5"/><path d="m2.5 11 3-3.2 2.5 2.5 2-2 3.5 3.4"/><circle cx="10.3" cy="5.9" r="1"/>',
  templates:
    '<rect x="2.5" y="2.5" width="4.5" height="4.5" rx="1"/><rect x="9" y="2.5" width="4.5" height="4.5" rx="1"/><rect x="2.5" y="9" width="4.5" height="4.5" rx="1"/><rect x="9" y="9" width="4.5" height="4.5" rx="1"/>',
  settings:
    '<path d="M3 5h6m3 0h1M3 11h1m3 0h6"/><circle cx="10.5" cy="5" r="1.5"/><circle cx="5.5" cy="11" r="1.5"/>',
  folder:
    '<path d="M2.3 12V4.3c0-.6.4-1 1-1h3l1.5 1.7h4.9c.6 0 1 .4 1 1V12c0 .6-.4 1-1 1H3.3c-.6 0-1-.4-1-1z"/>',
  dice: '<rect x="2.8" y="2.8" width="10.4" height="10.4" rx="2"/><path d="M5.6 5.6h0M10.4 5.6h0M8 8h0M5.6 10.4h0M10.4 10.4h0" stroke-width="1.9"/>',
  lock: '<rect x="3.5" y="7" width="9" height="6" rx="1.3"/><path d="M5.5 7V5.2a2.5 2.5 0 0 1 5 0V7"/>',
  pin: '<path d="M8 10v4M5 10h6l-1-3V3H6v4z"/>',
  check: '<path d="m3.5 8.3 3 3 6-6.5"/>',
  warn: '<path d="M8 2.6 14 13H2z"/><path d="M8 6.6v2.9m0 1.7h0"/>',
  error: '<circle cx="8" cy="8" r="5.7"/><path d="M8 5v3.5m0 2.2h0"/>',
  download: '<path d="M8 2.5v7.2M5 7l3 3 3-3M3 13h10"/>',
  copy: '<rect x="5.5" y="5.5" width="7.5" height="7.5" rx="1.3"/><path d="M3.5 10.5H3V4c0-.6.4-1 1-1h6.5v.5"/>',
  loop: '<path d="M3 7.5A3.5 3.5 0 0 1 6.5 4H12M10 2l2 2-2 2M13 8.5A3.5 3.5 0 0 1 9.5 12H4M6 14l-2-2 2-2"/>',
  first: '<path d="M4 3.5v9M12 3.5 6.5 8l5.5 4.5z"/>',
  last: '<path d="M12 3.5v9M4 3.5 9.5 8 4 12.5z"/>',
  prev: '<path d="M10 4 6 8l4 4"/>',
  next: '<path d="m6 4 4 4-4 4"/>',
  wipe: '<rect x="2.3" y="3.3" width="11.4" height="9.4" rx="1.3"/><path d="M8 1.8v12.4"/>',
  side: '<rect x="2.3" y="3.8" width="5" height="8.4" rx="1"/><rect x="8.7" y="3.8" width="5" height="8.4" rx="1"/>',
  difference: '<circle cx="6.3" cy="8" r="4"/><circle cx="9.7" cy="8" r="4"/>',
  cache: '<path d="M9 2 4 9h3.5L7 14l5-7H8.5z"/>',
  mute: '<path d="M3 6.5v3h2l3 2.5v-8L5 6.5zM10.5 6.5l3 3m0-3-3 3"/>',
  bypass: '<path d="M2 8h2.5c2 0 1.5-4 3.5-4s1.5 4 3.5 4H14"/><path d="M6.5 11.5h3"/>',
  eye: '<path d="M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8z"/><circle cx="8" cy="8" r="1.8"/>',
  more: '<path d="M4 8h0M8 8h0M12 8h0" stroke-width="1.9"/>',
  offline:
    '<path d="M2.5 2.5l11 11M4.6 6A3 3 0 0 0 5 12h6.4M7 4.3A3.6 3.6 0 0 1 11.4 7.4 2.4 2.4 0 0 1 13.3 11"/>',
  attention:
    '<path d="M8 13.5V9M8 13.5 3.6 8.2M8 13.5l4.4-5.3"/><path d="M2.2 6.6a7 7 0 0 1 11.6 0"/><path d="M4.6 4a6 6 0 0 1 6.8 0" opacity=".6"/>',
  text: '<path d="M3 4.2V3h10v1.2M8 3v10M6.2 13h3.6"/>',
  latent:
    '<path d="M2.5 4.5h3v3h-3zM6.5 8.5h3v3h-3zM10.5 4.5h3v3h-3z" fill="currentColor" stroke="none"/><path d="M6.5 4.5h3v3h-3zM2.5 8.5h3v3h-3zM10.5 8.5h3v3h-3z"/>',
  sampling: '<path d="M2.5 4c2 0 2 8 4 8s2-6 3.5-6 1.5 3 3.5 3"/>',
  film: '<rect x="2.3" y="3.3" width="11.4" height="9.4" rx="1.3"/><path d="M5 3.3v9.4M11 3.3v9.4M2.5 8h2.4M11 8h2.5"/>',
  image: '<rect x="2.3" y="2.8" width="11.4" height="10.4" rx="1.5"/><path d="m2.5 11 3-3.2 5 5"/>',
  save: '<path d="M8 2.5v6M5.5 6.2 8 8.7l2.5-2.5M3 10.5V13h10v-2.5"/>',
  fit: '<path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"/>',
  graph: '<path d="M2.5 13.5v-11M2.5 13.5h11"/><path d="m4.5 10 3-4 2.5 2 3-4.5"/>',
  increment: '<path d="M3.5 8h5M6 5.5v5M11 5l1.5-1v8"/>',
  keep: '<path d="M5 2.8h6v10.4L8 10.6l-3 2.6z"/>',
  command: '<path d="m3.5 5 3 3-3 3M8 11.5h4.5"/>',
  help: '<circle cx="8" cy="8" r="5.7"/><path d="M6.3 6.4A1.8 1.8 0 1 1 8 8.6v.6m0 2h0"/>',
  drop: '<path d="M8 2v8M5 7l3 3 3-3"/><rect x="2.5" y="11" width="11" height="3" rx="1"/>',
  group:
    '<rect x="2.3" y="2.8" width="11.4" height="10.4" rx="2" stroke-dasharray="2 1.6"/><path d="M5 6h6"/>',
  note: '<path d="M3 3h10v7l-3 3H3zM10 13v-3h3"/><path d="M5.5 6h5M5.5 8.5h3"/>',
  subgraph:
    '<rect x="2.3" y="3.3" width="11.4" height="9.4" rx="1.5"/><rect x="4.6" y="6" width="3" height="3" rx=".6"/><path d="M7.6 7.5h4"/>',
  undo: '<path d="M5.5 3 3 5.5 5.5 8M3 5.5h6.5a3.5 3.5 0 0 1 0 7H6"/>',
  redo: '<path d="M10.5 3 13 5.5 10.5 8M13 5.5H6.5a3.5 3.5 0 0 0 0 7H10"/>',
  trash: '<path d="M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5"/>',
  palette:
    '<path d="M8 2.3a5.7 5.7 0 1 0 0 11.4c1 0 1.4-.7 1.2-1.5-.3-1 .3-1.9 1.4-1.9h1.2c1.1 0 1.9-.8 1.9-2A5.8 5.8 0 0 0 8 2.3z"/><path d="M5.2 7.5h0M7 5h0M10.3 5.6h0" stroke-width="1.9"/>',
  align: '<path d="M3 2.5v11M5.5 4.5h7v2.5h-7zM5.5 9.5h4V12h-4z"/>',
  collapse: '<rect x="2.5" y="3" width="11" height="4" rx="1"/><path d="m5.5 10 2.5 2.5L10.5 10"/>',
  pencil: '<path d="m3 13 .7-2.9L10.6 3.2l2.2 2.2-6.9 6.9z"/>',
  home: '<path d="m2.5 8 5.5-5 5.5 5M4.2 7v6h7.6V7"/>',
} as const;

export type IconName = keyof typeof ICON_PATHS;
