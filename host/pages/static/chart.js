// Hours as bars: what was delivered, and on top of it what was not. The page holds the same as a table.

const HEIGHT = 220;

// A custom property as a colour that a canvas understands, in the theme of now.
function colour(of, property) {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  of.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function bars(hours, place) {
  const line = colour(place, "--line");
  const text = colour(place, "--dim");
  const good = colour(place, "--good");
  const bad = colour(place, "--bad");
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const paths = uPlot.paths.bars({ size: [0.7, 40], align: 1 });
  const both = hours.at.map((_, i) => hours.delivered[i] + hours.undelivered[i]);
  const shown = (values) => (_, __, ___, i) => (i === null ? "–" : values[i].toLocaleString("en"));
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { range: () => [hours.at[0], hours.at.at(-1) + 3600] },
        y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] },
      },
      axes: [
        { ...axis, values: "{HH}:{mm}", space: 60 },
        { ...axis, size: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
      ],
      series: [
        { label: "Hour (UTC)", value: "{HH}:{mm}" },
        { label: "Undelivered", paths, points: { show: false }, stroke: bad, fill: bad, value: shown(hours.undelivered) },
        { label: "Delivered", paths, points: { show: false }, stroke: good, fill: good, value: shown(hours.delivered) },
      ],
    },
    [hours.at, both, hours.delivered],
    place,
  );
}

for (const place of document.querySelectorAll("[data-chart]")) {
  const hours = JSON.parse(place.dataset.chart);
  let drawn = bars(hours, place);
  // For those who hear the page, the table says it.
  place.setAttribute("aria-hidden", "true");
  new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  const again = () => {
    drawn.destroy();
    drawn = bars(hours, place);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
