// Draws a patient's blood pressure: one panel a measure on one time axis, the practice's limits as bands.
"use strict";
{
  const HEIGHTS = { systolic: 270, diastolic: 230 };
  const MARGIN = 18; // mmHg above and below what must be seen: room for the words on the limits
  const ROOM = 0.02; // of the time shown, left and right: room for the marks
  const SHORTEST = 12 * 3600; // seconds shown at least: a single reading is a point, not a line of seconds
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.getPropertyValue("--font")}`;
  const words = { warning: "warning alert", critical: "critical alert" };
  const when = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  function range(values, limits, measure) {
    const known = values.filter((value) => value !== null);
    const low = Math.min(...known, limits[`${measure}_low`] ?? Infinity);
    const high = Math.max(...known, limits[`${measure}_critical_high`] ?? limits[`${measure}_high`] ?? -Infinity);
    return [low - MARGIN, high + MARGIN];
  }

  function timeRange(_plot, first, last) {
    const room = Math.max((last - first) * ROOM, (SHORTEST - (last - first)) / 2);
    return [first - room, last + room];
  }

  // The bands from the outside in: beyond each limit the zone of its level, up to the next one.
  function bands(limits, measure) {
    const limit = (name) => limits[`${measure}_${name}`];
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

  function drawBands(plot, limits, measure) {
    const { ctx, bbox, scales } = plot;
    for (const band of bands(limits, measure)) {
      const top = plot.valToPos(Math.min(band.to, scales.y.max), "y", true);
      const bottom = plot.valToPos(Math.max(band.from, scales.y.min), "y", true);
      if (bottom > top) {
        ctx.fillStyle = color(`${band.level}-band`);
        ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
      }
    }
  }

  function drawLimit(plot, band) {
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
    ctx.textBaseline = band.sign === "≥" ? "bottom" : "top";
    const label = `${band.level === "critical" ? "Critical" : "Warning"} ${band.sign} ${band.at}`;
    ctx.fillText(label, bbox.left + 6 * ratio, y + (band.sign === "≥" ? -3 : 3) * ratio);
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
      } else {
        ctx.moveTo(x, y - size);
        ctx.lineTo(x + size, y);
        ctx.lineTo(x, y + size);
        ctx.lineTo(x - size, y);
      }
      ctx.closePath();
      ctx.fillStyle = color(level);
      ctx.strokeStyle = color("surface");
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.fill();
      ctx.stroke();
    });
    ctx.restore();
  }

  function describe(data, index) {
    const shown = (measure) => data.values[measure][index] ?? "–";
    const pulse = data.pulse[index] === null ? "" : `, pulse ${data.pulse[index]} bpm`;
    const level = data.marks.systolic[index] === "critical" || data.marks.diastolic[index] === "critical"
      ? "critical" : data.marks.systolic[index] ?? data.marks.diastolic[index];
    const at = when.format(new Date(data.at[index] * 1000));
    return `${at}: ${shown("systolic")}/${shown("diastolic")} mmHg${pulse}${level ? `, ${words[level]}` : ""}`;
  }

  function options(data, measure, width, readout) {
    const axis = { stroke: color("muted"), font, grid: { stroke: color("grid"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height: HEIGHTS[measure],
      padding: [6, 20, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "blood-pressure" }, drag: { x: false, y: false }, y: false },
      scales: { x: { time: true, range: timeRange }, y: { range: range(data.values[measure], data.limits, measure) } },
      axes: [
        { ...axis, space: 70, size: 38, values: [
          [86400 * 28, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
          [86400, "{MMM} {D}", "\n{YYYY}", null, null, null, null, null, 1],
          [60, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
          [1, "{HH}:{mm}:{ss}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
        ] },
        { ...axis, size: 44, space: 34 },
      ],
      series: [{}, { label: measure, stroke: color("line"), width: 2, points: { show: true, size: 6, fill: color("line"), stroke: color("line") } }],
      hooks: {
        drawClear: [(plot) => within(plot, () => drawBands(plot, data.limits, measure))],
        drawAxes: [(plot) => within(plot, () => bands(data.limits, measure).forEach((band) => drawLimit(plot, band)))],
        draw: [(plot) => drawMarks(plot, data.marks[measure])],
        setCursor: [(plot) => {
          readout.textContent = describe(data, plot.cursor.idx ?? data.at.length - 1);
        }],
      },
    };
  }

  function draw(data, place, readout) {
    const measure = place.dataset.measure;
    const plot = new window.uPlot(options(data, measure, place.clientWidth, readout), [data.at, data.values[measure]], place);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHTS[measure] })).observe(place);
  }

  const source = document.getElementById("chart-data");
  if (source && window.uPlot) {
    const data = JSON.parse(source.textContent);
    const readout = document.getElementById("chart-readout");
    readout.textContent = describe(data, data.at.length - 1);
    document.querySelectorAll(".chart__plot").forEach((place) => draw(data, place, readout));
    document.getElementById("chart").dataset.drawn = "true";
  }
}
