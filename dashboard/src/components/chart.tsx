import type { Minute } from "../data/api";
import { bytes, count } from "./elements";

const WIDTH = 600;
const HEIGHT = 140;
const SLOT = WIDTH / 60;

const at = (time: string): string =>
  new Date(time).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** The records of an hour, one bar per minute. */
export function HourChart({ from, to, minutes }: { from: string; to: string; minutes: readonly Minute[] }) {
  const start = Date.parse(from);
  const max = Math.max(1, ...minutes.map((minute) => minute.records));
  const sum = minutes.reduce((total, minute) => total + minute.records, 0);
  const half = new Date(start + 30 * 60_000).toISOString();
  return (
    <figure class="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${count(sum, "record")} from ${at(from)} to ${at(to)}, at most ${max.toLocaleString("en")} per minute`}
      >
        <line class="grid" x1="0" x2={WIDTH} y1="0.5" y2="0.5" />
        <line class="grid" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <line class="base" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {minutes.map((minute) => {
          const height = Math.max(2, (minute.records / max) * (HEIGHT - 4));
          return (
            <rect
              key={minute.start}
              x={((Date.parse(minute.start) - start) / 60_000) * SLOT + 1}
              y={HEIGHT - height}
              width={SLOT - 2}
              height={height}
              rx="1.5"
            >
              <title>{`${at(minute.start)}: ${count(minute.records, "record")}, ${bytes(minute.bytes)}`}</title>
            </rect>
          );
        })}
      </svg>
      <span class="most" aria-hidden="true">
        {max.toLocaleString("en")} per minute
      </span>
      <div class="axis" aria-hidden="true">
        <span>{at(from)}</span>
        <span>{at(half)}</span>
        <span>{at(to)}</span>
      </div>
    </figure>
  );
}
