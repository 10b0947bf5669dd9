// The editor's styles under a Content-Security-Policy without inline styles.
//
// CodeMirror puts its rules into a <style> element, which `style-src 'self'` forbids; sheets that a script adopts are
// allowed. Later modules win over earlier ones, as with its own way.

import { StyleModule } from "style-mod";

const sheets = new WeakMap<StyleModule, CSSStyleSheet>();

function sheet(module: StyleModule): CSSStyleSheet {
  const known = sheets.get(module);
  if (known) return known;
  const made = new CSSStyleSheet();
  made.replaceSync(module.getRules());
  sheets.set(module, made);
  return made;
}

/** Has every editor made from now on adopt its styles. */
export function adoptStyles(): void {
  StyleModule.mount = (root, modules) => {
    const wanted = (Array.isArray(modules) ? modules : [modules]).map(sheet);
    const target = root instanceof ShadowRoot ? root : document;
    const others = target.adoptedStyleSheets.filter((known) => !wanted.includes(known));
    target.adoptedStyleSheets = [...wanted, ...others];
  };
}
