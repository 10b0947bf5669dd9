// Builds the unit tests into .tests/, for `node --test`.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(join(here, "tests")).filter((name) => name.endsWith(".test.ts"));
rmSync(join(here, ".tests"), { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: here,
  entryPoints: files.map((name) => join("tests", name)),
  outdir: ".tests",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  logLevel: "warning",
});
