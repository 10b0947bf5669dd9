// The workbench.
export {};
