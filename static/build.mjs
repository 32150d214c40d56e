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

// ---- outlines of the world ------------------------------------------------------------

// Natural Earth (public domain, by world-atlas) and the US Census Bureau (public domain, by us-atlas).
// Projected as portal/web/maps.py does it, so that what is drawn on top lies where it belongs.
const STEPS = 20; // of a degree at the equator
const SOUTH = -60;
const NORTH = 84;

function project([longitude, latitude]) {
  const bounded = Math.min(Math.max(latitude, SOUTH), NORTH);
  const north = (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360));
  return [Math.round(longitude * STEPS), Math.round(-north * STEPS)];
}

/** Decode the arcs of a TopoJSON: differences of whole numbers that become degrees. */
function decode({ arcs, transform: { scale, translate } }) {
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
}

const polygons = ({ type, arcs }) => (type === "Polygon" ? [arcs] : type === "MultiPolygon" ? arcs : []);

/** Go on beyond 180° where a line crosses it, so that it doesn't run back around the world. */
function unwrap(points) {
  let turns = 0;
  return points.map(([longitude, latitude], at) => {
    const step = at ? longitude - points[at - 1][0] : 0;
    turns += step > 180 ? -360 : step < -180 ? 360 : 0;
    return [longitude + turns, latitude];
  });
}

/** Write a line in steps from point to point; what is smaller than a step is left out. */
function line(points, closed) {
  const steps = unwrap(points).map(project).filter(([x, y], at, all) => !at || x !== all[at - 1][0] || y !== all[at - 1][1]);
  if (steps.length < (closed ? 4 : 2)) return "";
  const moves = steps.slice(1).map(([x, y], at) => `${x - steps[at][0]} ${y - steps[at][1]}`);
  return `M${steps[0].join(" ")}l${moves.join(" ").replaceAll(" -", "-")}${closed ? "z" : ""}`;
}

function outlines() {
  const world = JSON.parse(read(modules("world-atlas", "countries-50m.json")));
  const states = JSON.parse(read(modules("us-atlas", "states-10m.json")));
  const arcs = decode(world);
  const whole = (ring) => ring.flatMap((index) => (index < 0 ? arcs[~index].toReversed() : arcs[index]));
  const land = world.objects.land.geometries
    .flatMap(polygons)
    .flat()
    .map(whole)
    .filter((points) => points.some(([, latitude]) => latitude > SOUTH))
    .map((points) => line(points, true));
  const borders = [[world, "countries", arcs], [states, "states", decode(states)]].flatMap(([atlas, kind, drawn]) => {
    const times = new Map();
    for (const shape of atlas.objects[kind].geometries)
      for (const index of polygons(shape).flat(2)) {
        const arc = index < 0 ? ~index : index;
        times.set(arc, (times.get(arc) ?? 0) + 1);
      }
    return [...times].filter(([, count]) => count > 1).map(([arc]) => line(drawn[arc], false));
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg"><path id="land" d="${land.join("")}"/>` +
    `<path id="borders" vector-effect="non-scaling-stroke" d="${borders.join("")}"/></svg>\n`
  );
}

/** Draw each country (c276, by its number) and each state of the US (us-california), to be shaded. */
function regions() {
  const world = JSON.parse(read(modules("world-atlas", "countries-50m.json")));
  const states = JSON.parse(read(modules("us-atlas", "states-10m.json")));
  const found = [
    ...world.objects.countries.geometries.filter(({ id }) => id).map((shape) => [`c${shape.id}`, shape, world]),
    ...states.objects.states.geometries.map((shape) => [`us-${shape.properties.name.toLowerCase().replaceAll(" ", "-")}`, shape, states]),
  ];
  // islands far away bear the number of their country, too: the one with most of a coast is meant
  found.sort(([, one], [, other]) => polygons(other).flat(2).length - polygons(one).flat(2).length);
  const decoded = new Map([world, states].map((atlas) => [atlas, decode(atlas)]));
  const paths = [];
  const boxes = {};
  for (const [id, shape, atlas] of found) {
    const arcs = decoded.get(atlas);
    const whole = (ring) => ring.flatMap((index) => (index < 0 ? arcs[~index].toReversed() : arcs[index]));
    const drawn = polygons(shape).map((rings) => rings.map(whole));
    const path = drawn.flat().map((points) => line(points, true)).join("");
    if (!path || id in boxes) continue;
    paths.push(`<path id="${id}" d="${path}"/>`);
    // where its largest part lies: what is far away doesn't make the map a world's
    const framed = drawn.map(([outer]) => {
      const [xs, ys] = [0, 1].map((axis) => unwrap(outer).map((point) => project(point)[axis]));
      return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    });
    const size = ([left, top, right, bottom]) => (right - left) * (bottom - top);
    boxes[id] = framed.reduce((largest, one) => (size(one) > size(largest) ? one : largest));
  }
  return [`<svg xmlns="http://www.w3.org/2000/svg">${paths.join("")}</svg>\n`, `${JSON.stringify(boxes)}\n`];
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
put("world.svg", outlines());
const [shapes, boxes] = regions();
put("regions.svg", shapes);
put("regions.json", boxes);
for (const path of files(at("static", "img"), "")) put(basename(path), readFileSync(path));

const draft = join(out, "manifest.json.new");
writeFileSync(draft, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(draft, join(out, "manifest.json"));
for (const name of readdirSync(out)) if (!kept.has(name)) rmSync(join(out, name), { recursive: true });
