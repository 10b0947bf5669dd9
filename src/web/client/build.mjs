// Builds dist/: one script for every page, one more for the workbench, one style sheet, each also compressed.
// `--watch` builds again at each change; a debug build of the service serves dist/ from the disk.
import { gzipSync } from "node:zlib";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const MOST_COMPRESSED = 250_000;

const compress = {
  name: "compress",
  setup(build) {
    build.onEnd((result) => {
      if (result.errors.length > 0) return;
      let total = 0;
      for (const name of readdirSync(dist).filter((name) => !name.endsWith(".gz"))) {
        const packed = gzipSync(readFileSync(join(dist, name)), { level: 9 });
        writeFileSync(join(dist, `${name}.gz`), packed);
        total += packed.length;
        console.log(`${name}: ${Math.ceil(packed.length / 1000)} kB compressed`);
      }
      if (total > MOST_COMPRESSED) throw new Error(`${total} bytes are more than the ${MOST_COMPRESSED} allowed`);
    });
  },
};

const options = {
  absWorkingDir: here,
  entryPoints: ["src/page.ts", "src/workbench.ts", "style/style.css"],
  outdir: "dist",
  entryNames: "[name]",
  loader: { ".svg": "dataurl" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  legalComments: "eof",
  logLevel: "warning",
  plugins: [compress],
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
}
