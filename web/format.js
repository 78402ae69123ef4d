// Numbers and times as people read them.

const units = ["B", "kB", "MB", "GB", "TB"];

export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${count} B` : `${value.toFixed(value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}

export function count(number, singular, plural = `${singular}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? singular : plural}`;
}

export function time(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleString();
}

export function clock(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleTimeString();
}
