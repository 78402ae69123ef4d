// Numbers and times as people read them.

import { locale, number, t } from "./words.js";

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const formats = new Map(); // unit and digits -> Intl.NumberFormat

function inUnit(value, unit, digits) {
  const key = `${unit} ${digits}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat(locale,
      { style: "unit", unit, unitDisplay: unit === "byte" ? "narrow" : "short", maximumFractionDigits: digits }));
  }
  return formats.get(key).format(value);
}

export function bytes(count) {
  let value = count;
  let step = 0;
  while (value >= 999.5 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  return step === 0 ? `${number(count)} B` : inUnit(value, units[step], value < 99.95 ? 1 : 0);
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, "0");
  if (whole < 60) return t("seconds", { s: whole });
  if (whole < 3600) return t("minutes", { m: Math.floor(whole / 60), s: two(whole % 60) });
  return t("hours", { h: Math.floor(whole / 3600), m: two(Math.floor(whole / 60) % 60) });
}

const times = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const clocks = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });

function formatted(format, text) {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? "" : format.format(moment);
}

export const time = (text) => formatted(times, text);
export const clock = (text) => formatted(clocks, text);
