// Builds static/vendor/: one stylesheet, one script, one icon sprite and the pictures,
// each named by its content, compressed beside itself and listed in manifest.json.
// Run by `npm run build`; run it again whenever a template uses a new class or icon.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { transform } from "esbuild";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const modules = (...parts) => at("node_modules", ...parts);
const read = (path) => readFileSync(path, "utf8");
const out = at("static", "vendor");

function files(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

// ---- stylesheet -----------------------------------------------------------------------

// Ways of theming that we don't use; a selector with one of them is dead weight.
const UNUSED_THEMING = /\.theme-dark|\[data-theme=|data-bs-navbar-theme|body\[data-bs-theme=dark\]|data-bs-theme-(base|font|radius|primary)|:host/;
const DARK = "[data-bs-theme=dark]";

/** Drop unused ways of theming, and let `data-bs-theme=auto` follow the system's choice. */
function followSystem(sheet) {
  sheet.walkRules((rule) => {
    const kept = rule.selectors.filter((selector) => !UNUSED_THEMING.test(selector));
    if (!kept.length) return rule.remove();
    rule.selectors = kept;
  });
  sheet.walkRules((rule) => {
    const dark = rule.selectors.filter((selector) => selector.includes(DARK) && !selector.includes(":not("));
    if (!dark.length || rule.parent.name === "media") return;
    const media = postcss.atRule({ name: "media", params: "(prefers-color-scheme: dark)" });
    const copy = rule.clone();
    copy.selectors = dark.map((selector) => selector.replaceAll(DARK, "[data-bs-theme=auto]"));
    media.append(copy);
    rule.after(media);
  });
}

/** Remove custom properties that nothing reads, until none is left. */
function dropUnreadProperties(sheet) {
  for (let removed = true; removed; ) {
    removed = false;
    const text = sheet.toString();
    const readNames = new Set([...text.matchAll(/var\(\s*(--[\w-]+)/g)].map((match) => match[1]));
    sheet.walkDecls(/^--/, (declaration) => {
      if (readNames.has(declaration.prop)) return;
      declaration.remove();
      removed = true;
    });
  }
  sheet.walkRules((rule) => void (rule.nodes.length || rule.remove()));
  sheet.walkAtRules((rule) => void (rule.nodes && !rule.nodes.length && rule.remove()));
  sheet.walkComments((comment) => void comment.remove());
}

async function stylesheet() {
  const tabler = postcss.parse(read(modules("@tabler", "core", "dist", "css", "tabler.css")));
  tabler.walkAtRules("charset", (rule) => rule.remove());
  followSystem(tabler);
  const [purged] = await new PurgeCSS().purge({
    content: [
      ...files(at("templates"), ".html"),
      ...files(at("static", "js"), ".js"),
      ...files(at("portal"), "forms.py"),
      ...files(at("portal", "web"), ".py"),
    ],
    css: [{ raw: tabler.toString() }],
    keyframes: true,
    // Words of templates and comments that happen to be class names of big components.
    blocklist: ["carousel", "offcanvas", "modal", "tooltip", "popover", "toast", "accordion", "ribbon", "dropdown", "navbar", "sidebar"],
    safelist: { standard: ["is-invalid", "active", "disabled", "html", "body"], greedy: [/data-bs-theme/] },
  });
  const own = postcss.parse(files(at("static", "css"), ".css").map(read).join("\n"));
  followSystem(own);
  // Tabler lies in a layer below ours, so that our rules win without a contest of selectors.
  const whole = postcss.parse(`@layer tabler {\n${purged.css}\n}\n${own.toString()}`);
  dropUnreadProperties(whole);
  const { code } = await transform(whole.toString(), { loader: "css", minify: true });
  return `/* Contains Tabler (MIT), copyright The Tabler Authors */\n${code}`;
}

// ---- script ---------------------------------------------------------------------------

async function script() {
  const own = await transform(read(at("static", "js", "portal.js")), { loader: "js", minify: true, target: "es2022", format: "iife" });
  return [
    read(modules("htmx.org", "dist", "htmx.min.js")),
    read(modules("idiomorph", "dist", "idiomorph-ext.min.js")),
    own.code,
  ].join("\n;\n");
}

// ---- icons ----------------------------------------------------------------------------

function sprite() {
  const listed = read(at("static", "icons.txt")).split("\n").filter((line) => line && !line.startsWith("#"));
  const named = files(at("templates"), ".html").flatMap((path) =>
    [...read(path).matchAll(/\bicon\(\s*['"]([a-z0-9-]+)['"]/g)].map((match) => match[1]),
  );
  const symbols = [...new Set([...listed, ...named])].sort().map((name) => {
    const path = modules("@tabler", "icons", "icons", "outline", `${name}.svg`);
    if (!existsSync(path)) throw new Error(`Tabler has no outline icon named "${name}".`);
    const inner = read(path).replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    const shapes = inner.replace(/\s*<path stroke="none"[^>]*\/>/g, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

// ---- writing --------------------------------------------------------------------------

const COMPRESSIBLE = new Set([".css", ".js", ".svg"]);
const manifest = {};
const kept = new Set(["manifest.json"]);

function put(name, content) {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const ending = extname(name);
  const hashed = `${basename(name, ending)}-${digest}${ending}`;
  writeFileSync(join(out, hashed), bytes);
  kept.add(hashed);
  let size = `${bytes.length} bytes`;
  if (COMPRESSIBLE.has(ending)) {
    const packed = gzipSync(bytes, { level: 9 });
    writeFileSync(join(out, `${hashed}.gz`), packed);
    kept.add(`${hashed}.gz`);
    size += `, ${packed.length} compressed`;
  }
  manifest[name] = hashed;
  console.log(`${hashed}  ${size}`);
}

mkdirSync(out, { recursive: true });
put("portal.css", await stylesheet());
put("portal.js", await script());
put("icons.svg", sprite());
for (const path of files(at("static", "img"), "")) put(basename(path), readFileSync(path));

const draft = join(out, "manifest.json.new");
writeFileSync(draft, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(draft, join(out, "manifest.json"));
for (const name of readdirSync(out)) if (!kept.has(name)) rmSync(join(out, name), { recursive: true });
