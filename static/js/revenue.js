// Draws revenue by month as bars from the table below it, which says the same in words.
"use strict";
{
  const HEIGHT = 220;
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.getPropertyValue("--font")}`;
  const place = document.getElementById("revenue");
  const rows = [...document.querySelectorAll("#revenue-table [data-month]")];
  if (place && rows.length && window.uPlot) {
    const months = rows.map((row) => row.dataset.month);
    const amounts = rows.map((row) => Number(row.dataset.amount));
    const axis = { stroke: color("muted"), font, grid: { stroke: color("grid"), width: 1 }, ticks: { show: false } };
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-0.75, months.length - 0.25] }, y: { range: [0, Math.max(...amounts, 1) * 1.1] } },
      axes: [
        { ...axis, grid: { show: false }, splits: months.map((_, index) => index), values: months },
        { ...axis, size: 64, values: (_plot, marks) => marks.map((mark) => `$${mark.toLocaleString("en-US")}`) },
      ],
      series: [{}, { fill: color("line"), stroke: color("line"), paths: window.uPlot.paths.bars({ size: [0.6, 56] }), points: { show: false } }],
    };
    const plot = new window.uPlot(options, [months.map((_, index) => index), amounts], place);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    place.dataset.drawn = "true";
  }
}
