import type { RecordingState } from "../api/types";

/** What the header says of a recording. */
export function recordingText(state: RecordingState, lastWrittenUnixNs: number | null): string {
  if (state === "complete") return "Complete";
  if (state === "recording") return "Recording";
  return lastWrittenUnixNs === null
    ? "Stopped without an end"
    : `Stopped without an end, last written ${formatLocalTime(lastWrittenUnixNs)}`;
}

export const RECORDING_TITLES: Readonly<Record<RecordingState, string>> = {
  complete: "Every process has ended its recording.",
  recording: "A process is still recording.",
  stopped:
    "The process is gone, or has written nothing for long, and has not ended its recording. Everything that it wrote is shown.",
};

/** `2026-11-02 13:04:05` by the reader's clock. */
function formatLocalTime(unixNs: number): string {
  const time = new Date(unixNs / 1e6);
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(twoDigits).join("-");
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":")}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
