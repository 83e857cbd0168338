const MINUTE_MS = 60_000;

/** `约 1 小时 47 分钟` */
export function spanZh(ms: number): string {
  const [hours, minutes] = hoursAndMinutes(ms);
  if (hours === 0) return `约 ${minutes} 分钟`;
  return minutes === 0 ? `约 ${hours} 小时` : `约 ${hours} 小时 ${minutes} 分钟`;
}

/** `1 h 47 min` */
export function spanEn(ms: number): string {
  const [hours, minutes] = hoursAndMinutes(ms);
  if (hours === 0) return `${minutes} min`;
  return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}

function hoursAndMinutes(ms: number): [hours: number, minutes: number] {
  const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
  return [Math.floor(minutes / 60), minutes % 60];
}
