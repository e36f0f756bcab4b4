/** How figures are written: a space before the unit, no digit that was not measured. */

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** "14.3 GB", "307 MB": three digits at most. Decimal units, as disks and model pages count. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${digits(value)} ${UNITS[unit]}`;
}

/** "9.6 of 16.4 GB": one unit for both where they share it. */
export function bytesOfText(part: number, whole: number): string {
  const [value, unit] = bytesText(part).split(" ");
  const total = bytesText(whole);
  return total.endsWith(` ${unit}`) ? `${value} of ${total}` : `${value} ${unit} of ${total}`;
}

function digits(value: number): string {
  if (value >= 99.95 || Number.isInteger(value)) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : trimZero(value.toFixed(2));
}

function trimZero(text: string): string {
  return text.replace(/(\.\d)0$/, "$1");
}

/** "0.4 s", "9.5 s", "52 s", "5:31", "1:02:10". */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** What is left, as a clock: "0:09", "2:03". */
export function leftText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole >= 3600) return durationText(whole);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** "16 min" for sums that are estimates. */
export function roughText(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** "9.5 s/it" or, where it is quicker, "3.2 it/s". */
export function paceText(secondsPerStep: number): string {
  return secondsPerStep >= 1 || secondsPerStep === 0
    ? `${secondsPerStep.toFixed(1)} s/it`
    : `${(1 / secondsPerStep).toFixed(1)} it/s`;
}

/** "33.9 %". */
export function percentText(share: number, decimals = 1): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

/** "1.30": two digits behind the point; the sign stands beside it. */
export function ratioText(ratio: number): string {
  return ratio.toFixed(2);
}

/** "68.5 T", operations in powers of thousand. */
export function flopsText(flops: number): string {
  const names = ["", "k", "M", "G", "T", "P", "E"];
  let value = flops;
  let at = 0;
  while (value >= 999.5 && at < names.length - 1) {
    value /= 1000;
    at++;
  }
  return `${digits(value)} ${names[at]}FLOP`;
}

/** "09:38". */
export function clockText(time: number): string {
  const date = new Date(time);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** "Today", "Yesterday", "21 Nov", with the year once it is another. */
export function dayText(time: number, now: number): string {
  const day = new Date(time);
  const today = new Date(now);
  const start = (date: Date): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((start(today) - start(day)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const text = `${day.getDate()} ${day.toLocaleString("en", { month: "short" })}`;
  return day.getFullYear() === today.getFullYear() ? text : `${text} ${day.getFullYear()}`;
}

/** Seeds and other long whole numbers in groups of three. */
export function groupedText(digitsText: string): string {
  return /^-?\d{5,}$/.test(digitsText) ? digitsText.replace(/\B(?=(\d{3})+$)/g, " ") : digitsText;
}
