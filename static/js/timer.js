// The clock of the open timer: what the server said it has run, and on from there. Nothing is sent; a reload asks anew.
"use strict";
{
  const clock = document.getElementById("timer-clock");
  if (clock && "runs" in clock.dataset) {
    const seen = Date.now();
    const before = Number(clock.dataset.elapsed) * 1000;
    const two = (number) => String(number).padStart(2, "0");
    const tick = () => {
      const seconds = Math.floor((before + Date.now() - seen) / 1000);
      const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
      clock.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
    };
    setInterval(tick, 1000);
  }
}
