(() => {
  "use strict";
  const hosts = [...document.querySelectorAll("[data-figure]")];
  const style = () => getComputedStyle(document.documentElement);

  // Colours are written as var(--name): put in what the style sheet says at the moment.
  function coloured(value, css) {
    if (typeof value === "string") {
      const found = /^var\((--[\w-]+)\)$/.exec(value);
      return found ? css.getPropertyValue(found[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map(one => coloured(one, css));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, css)]));
    return value;
  }

  const titled = axis => axis.title ? { ...axis, title: { ...axis.title, font: { size: 13 }, standoff: 8 } } : axis;

  function draw(host) {
    const css = style();
    const figure = coloured(JSON.parse(document.getElementById("figure-" + host.dataset.figure).textContent), css);
    const [ink, line] = [css.getPropertyValue("--ink").trim(), css.getPropertyValue("--line").trim()];
    const paper = css.getPropertyValue("--paper").trim();
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: ink, automargin: true };
    const layout = {
      ...figure.layout,
      font: { color: ink, size: 12, family: "system-ui, sans-serif" },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: paper, bordercolor: ink, font: { color: ink } },
      xaxis: titled({ ...axis, ...figure.layout.xaxis }), yaxis: titled({ ...axis, ...figure.layout.yaxis }),
      autosize: true,
    };
    return Plotly.react(host, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }

  function open(number) {
    const found = document.getElementById("design-" + number);
    if (!found) return;
    found.open = true;
    found.scrollIntoView({ behavior: "smooth" });
  }

  const drawAll = () => hosts.forEach(draw);
  drawAll();
  for (const host of hosts)
    host.on("plotly_click", event => {
      const number = event.points[0].customdata;
      if (number !== undefined) open(number);
    });
  for (const link of document.querySelectorAll('a[href^="#design-"]'))
    link.addEventListener("click", () => open(link.hash.replace("#design-", "")));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", drawAll);
  addEventListener("beforeprint", drawAll);
  addEventListener("afterprint", drawAll);
})();
