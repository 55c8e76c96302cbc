import { describe, expect, it } from "vitest";
import { recordingText } from "./recordingState";

describe("the state of a recording", () => {
  it("says when a recording that nobody ended was last written", () => {
    const written = new Date(2026, 10, 2, 9, 4, 5).getTime() * 1e6;
    expect(recordingText("stopped", written)).toBe("Stopped without an end, last written 2026-11-02 09:04:05");
    expect(recordingText("stopped", null)).toBe("Stopped without an end");
  });

  it("is one word while it records and when it has ended", () => {
    expect([recordingText("recording", 1), recordingText("complete", 1)]).toEqual(["Recording", "Complete"]);
  });
});
