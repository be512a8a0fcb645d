/* Sizes, times and durations as people read them. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** 1500000 → "1.5 MB". */
export function size(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return (unit && value < 9.95 ? Number(value.toFixed(1)) : Math.round(value)) + " " + UNITS[unit];
}

/** 75 → "1:15", 3675 → "1:01:15". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(whole % 60);
}

/** 75.26 → "1:15.3". */
export function clockTenths(seconds) {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  return clock(Math.floor(tenths / 10)) + "." + (tenths % 10);
}

function count(value, unit) {
  return value + " " + unit + (value === 1 ? "" : "s");
}

/** 5400 → "1.5 hours", 86400 → "24 hours". */
export function duration(seconds) {
  if (seconds < 90) return count(Math.round(seconds), "second");
  if (seconds < 5400) return count(Math.round(seconds / 60), "minute");
  if (seconds < 48 * 3600) return count(Math.round(seconds / 360) / 10, "hour");
  return count(Math.round(seconds / 8640) / 10, "day");
}

/** How long something still takes, as roughly as it is known. */
export function timeLeft(seconds) {
  if (seconds < 8) return "a few seconds left";
  if (seconds < 55) return "about " + Math.ceil(seconds / 5) * 5 + " seconds left";
  return "about " + duration(Math.max(60, seconds)) + " left";
}

/** When something was, seen from now: "3 minutes ago". */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return count(Math.floor(seconds / 60), "minute") + " ago";
  if (seconds < 86400) return count(Math.floor(seconds / 3600), "hour") + " ago";
  return moment(time);
}

/** A time of day, with the day where it is not today: "18:40", "1 Dec, 18:40". */
export function moment(time) {
  const then = new Date(time);
  const hour = { hour: "2-digit", minute: "2-digit" };
  const today = then.toDateString() === new Date().toDateString();
  return then.toLocaleString([], today ? hour : { day: "numeric", month: "short", ...hour });
}

/** 0.714 → "71 %". */
export function percent(share) {
  return Math.round(share * 100) + " %";
}
