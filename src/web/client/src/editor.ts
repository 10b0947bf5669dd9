export function mountEditor(_root: HTMLElement): void {}
