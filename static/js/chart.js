// Draws a patient's readings: per kind one panel a measure on one time axis, the limits as bands. Zoom: drag, or keys.
"use strict";
{
  const HEIGHT = 230;
  const MARGIN = 0.15; // of what must be seen, above and below: room for the words on the limits
  const WORDS = 18; // pixels that the words of a limit need beside its line
  const ROOM = 0.02; // of the time shown, left and right: room for the marks
  const SHORTEST = 12 * 3600; // seconds shown at least: a single reading is a point, not a line of seconds
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.getPropertyValue("--font")}`;
  const when = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  function padded(seen) {
    const [low, high] = [Math.min(...seen), Math.max(...seen)];
    const room = Math.max((high - low) * MARGIN, 1);
    return [low - room, high + room];
  }

  // The critical limit below may stay out of sight; where its line comes into it, there must be room for its words too.
  function range(line) {
    const seen = [...line.values.filter((value) => value !== null), ...["low", "high", "critical_high"].map((name) => line.limits[name]).filter((limit) => limit !== undefined)];
    const [low, high] = padded(seen);
    const lowest = line.limits.critical_low;
    return lowest > low ? padded([...seen, lowest]) : [low, high];
  }

  function timeRange(_plot, first, last) {
    const room = Math.max((last - first) * ROOM, (SHORTEST - (last - first)) / 2);
    return [first - room, last + room];
  }

  // The bands from the outside in: beyond each limit the zone of its level, up to the next one.
  function bands(limits) {
    const limit = (name) => limits[name];
    return [
      { level: "warning", from: limit("high"), to: limit("critical_high") ?? Infinity, at: limit("high"), sign: "≥" },
      { level: "critical", from: limit("critical_high"), to: Infinity, at: limit("critical_high"), sign: "≥" },
      { level: "warning", from: limit("critical_low") ?? -Infinity, to: limit("low"), at: limit("low"), sign: "≤" },
      { level: "critical", from: -Infinity, to: limit("critical_low"), at: limit("critical_low"), sign: "≤" },
    ].filter((band) => band.at !== undefined);
  }

  function within(plot, paint) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    paint();
    ctx.restore();
  }

  function drawBands(plot, limits) {
    const { ctx, bbox, scales } = plot;
    for (const band of bands(limits)) {
      const top = plot.valToPos(Math.min(band.to, scales.y.max), "y", true);
      const bottom = plot.valToPos(Math.max(band.from, scales.y.min), "y", true);
      if (bottom > top) {
        ctx.fillStyle = color(`${band.level}-band`);
        ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
      }
    }
  }

  // Words stand beyond their line, or before it when the next line is too near for them.
  function hasRoomBeyond(plot, limits, band) {
    const next = band.level === "warning" ? limits[band.sign === "≥" ? "critical_high" : "critical_low"] : undefined;
    return next === undefined || Math.abs(plot.valToPos(next, "y") - plot.valToPos(band.at, "y")) >= WORDS;
  }

  function drawLimit(plot, limits, band) {
    const { ctx, bbox, scales } = plot;
    const ratio = devicePixelRatio;
    if (band.at < scales.y.min || band.at > scales.y.max) return;
    const y = plot.valToPos(band.at, "y", true);
    ctx.strokeStyle = ctx.fillStyle = color(`${band.level}-text`);
    ctx.lineWidth = ratio;
    ctx.setLineDash(band.level === "critical" ? [] : [6 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = font.replace("12px", `${11 * ratio}px`);
    ctx.textAlign = "left";
    const isAbove = (band.sign === "≥") === hasRoomBeyond(plot, limits, band);
    ctx.textBaseline = isAbove ? "bottom" : "top";
    const label = `${band.level === "critical" ? "Critical" : "Warning"} ${band.sign} ${band.at}`;
    ctx.fillText(label, bbox.left + 6 * ratio, y + (isAbove ? -3 : 3) * ratio);
  }

  function drawMarks(plot, marks) {
    const { ctx } = plot;
    const size = 6 * devicePixelRatio;
    ctx.save();
    ctx.setLineDash([]);
    marks.forEach((level, index) => {
      const value = plot.data[1][index];
      if (!level || value === null) return;
      const x = plot.valToPos(plot.data[0][index], "x", true);
      const y = plot.valToPos(value, "y", true);
      ctx.beginPath();
      if (level === "critical") {
        ctx.moveTo(x, y - size * 1.15);
        ctx.lineTo(x + size * 1.1, y + size * 0.85);
        ctx.lineTo(x - size * 1.1, y + size * 0.85);
      } else if (level === "quarantined") {
        ctx.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
      } else {
        ctx.moveTo(x, y - size);
        ctx.lineTo(x + size, y);
        ctx.lineTo(x, y + size);
        ctx.lineTo(x - size, y);
      }
      ctx.closePath();
      ctx.fillStyle = color(level === "quarantined" ? "surface" : level);
      ctx.strokeStyle = color(level === "quarantined" ? "text" : "surface");
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.fill();
      ctx.stroke();
    });
    ctx.restore();
  }

  function describe(chart, index) {
    return `${when.format(new Date(chart.at[index] * 1000))}: ${chart.said[index]}`;
  }

  function options(chart, line, width, readout) {
    const axis = { stroke: color("muted"), font, grid: { stroke: color("grid"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height: HEIGHT,
      padding: [6, 20, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: chart.kind }, drag: { x: true, y: false }, y: false },
      scales: { x: { time: true, range: timeRange }, y: { range: range(line) } },
      axes: [
        { ...axis, space: 70, size: 38, values: [
          [86400 * 28, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
          [86400, "{MMM} {D}", "\n{YYYY}", null, null, null, null, null, 1],
          [60, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
          [1, "{HH}:{mm}:{ss}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
        ] },
        { ...axis, size: 48, space: 34 },
      ],
      series: [{}, { label: line.label, stroke: color("line"), width: 2, points: { show: true, size: 6, fill: color("line"), stroke: color("line") } }],
      hooks: {
        drawClear: [(plot) => within(plot, () => drawBands(plot, line.limits))],
        drawAxes: [(plot) => within(plot, () => bands(line.limits).forEach((band) => drawLimit(plot, line.limits, band)))],
        draw: [(plot) => within(plot, () => drawMarks(plot, line.marks))],
        setCursor: [(plot) => {
          readout.textContent = describe(chart, plot.cursor.idx ?? chart.at.length - 1);
        }],
      },
    };
  }

  function draw(chart, line, place, readout) {
    const plot = new window.uPlot(options(chart, line, place.clientWidth, readout), [chart.at, line.values], place);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    return plot;
  }

  // + and - zoom around the middle, the arrows move, 0 shows everything again.
  function zoomByKeys(box, plots, chart) {
    box.addEventListener("keydown", (event) => {
      const { min, max } = plots[0].scales.x;
      const width = max - min;
      const moved = { "+": [width / 4, -width / 4], "=": [width / 4, -width / 4], "-": [-width / 2, width / 2],
        ArrowLeft: [-width / 4, -width / 4], ArrowRight: [width / 4, width / 4],
        0: [chart.at[0] - min, chart.at.at(-1) - max] }[event.key];
      if (!moved || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      plots.forEach((plot) => plot.setScale("x", { min: min + moved[0], max: max + moved[1] }));
      box.dataset.zoomed = String(event.key !== "0");
    });
  }

  function drawChart(box) {
    const chart = JSON.parse(box.dataset.chart);
    const readout = box.querySelector(".chart__readout");
    readout.textContent = describe(chart, chart.at.length - 1);
    const places = [...box.querySelectorAll(".chart__plot")];
    const plots = places.map((place, index) => draw(chart, chart.lines[index], place, readout));
    zoomByKeys(box, plots, chart);
    box.dataset.drawn = "true";
  }

  function drawAll() {
    if (window.uPlot) document.querySelectorAll(".chart[data-chart]:not([data-drawn])").forEach(drawChart);
  }

  drawAll();
  document.addEventListener("htmx:load", drawAll);
}
