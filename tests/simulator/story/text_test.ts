// simulator.md, "The story": how a terminal shows one.
import { assert, assertEquals } from "@std/assert";
import { type Story, type StoryLine, textOfStory } from "../../../simulator/mod.ts";
import { visible } from "../../../simulator/text.ts";
import { FINDING } from "./entries.ts";

function storyWith(...lines: readonly Partial<StoryLine>[]): Story {
  return {
    scenario: "by hand",
    seed: 0n,
    finding: FINDING,
    participants: ["host", "guest"],
    lines: lines.map((line) => ({ step: 0, at100ns: 0, who: "host", text: "", ...line })),
  };
}

Deno.test("textOfStory: a line has its step, the time where that has changed, who and what, and a sign", () => {
  const source = "file:///drivers/disk.ts:12:5";
  const story = storyWith(
    { text: "VmbChannelEnable", source },
    { text: "EvtChannelOpened", who: "guest", step: 3 },
    { text: "openChannel(channelId 1)", who: "guest", to: "host", step: 12, at100ns: 15_000 },
    { text: "one thing instead of another", mark: "switch", step: 12, at100ns: 15_000 },
    { text: "guestPaused: guest", mark: "fault", step: 13, at100ns: 15_000 },
    {
      text: "it is not",
      mark: "finding",
      step: 13,
      at100ns: 15_001,
      source,
      stack: [source, "file:///drivers/queue.ts:7:3"],
    },
  );
  assertEquals(textOfStory(story).split("\n"), [
    "  step     ms  who    what",
    "     0  0.000  host   VmbChannelEnable [disk.ts:12:5]",
    "     3         guest  EvtChannelOpened",
    "    12  1.500  guest  openChannel(channelId 1) → host",
    "~   12         host   one thing instead of another",
    "!   13         host   guestPaused: guest",
    "X   13         host   it is not [disk.ts:12:5 < queue.ts:7:3]",
    "",
  ]);
});

Deno.test("textOfStory: no row is wider than asked for, and rows that follow are indented", () => {
  const story = storyWith({ text: `${"many words ".repeat(20)}${"x".repeat(200)}` });
  for (const width of [60, 80, 120]) {
    const [, first, ...rest] = textOfStory(story, { width }).trimEnd().split("\n");
    assert([first!, ...rest].every((row) => row.length <= width));
    assert(rest.every((row) => row.startsWith(" ".repeat(21))));
  }
  // Too narrow for any text: it is what it can be, and comes to an end.
  assert(textOfStory(story, { width: 1 }).length < 4000);
});

Deno.test("textOfStory: lines that stand out have colours where somebody asks for them", () => {
  const story = storyWith({ text: "plain" }, { text: "found", mark: "finding" });
  const [, plain, found] = textOfStory(story, { colour: true }).split("\n");
  assert(!plain!.includes("\x1b"));
  assert(found!.startsWith("\x1b[31mX") && found!.endsWith("found\x1b[0m"), found);
  assert(!textOfStory(story).includes("\x1b"));
});

Deno.test("textOfStory: nothing of a name is obeyed by a terminal, nor breaks a line", () => {
  const hostile = "a\nb\r\x1b[2J\u202e;#<script>\ud800";
  const story = storyWith({ who: hostile, text: hostile, to: hostile, source: hostile });
  const text = textOfStory(story, { width: 400 });
  assertEquals(text.split("\n").length, 3);
  assertEquals(visible(text), text.replaceAll("\n", "\\x0a"));
  assert(text.isWellFormed());
});
