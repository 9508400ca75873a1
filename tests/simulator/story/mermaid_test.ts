// simulator.md, "The story": the sequence diagram of one.
import { assert, assertEquals } from "@std/assert";
import { mermaidOfStory, type Story, type StoryLine } from "../../../simulator/mod.ts";
import { FINDING } from "./entries.ts";

function storyWith(participants: readonly string[], lines: readonly Partial<StoryLine>[]): Story {
  return {
    scenario: "by hand",
    seed: 0n,
    finding: FINDING,
    participants,
    lines: lines.map((line) => ({ step: 0, at100ns: 0, who: "host", text: "", ...line })),
  };
}

Deno.test("mermaidOfStory: what crosses is an arrow, all else a note, and a finding one over all", () => {
  const story = storyWith(["host", "guest"], [
    { text: "offerChannel(channelId 1)", to: "guest" },
    { text: "EvtChannelOpened", who: "guest" },
    { text: "one thing", mark: "switch", who: "world" },
    { text: "guestPaused", mark: "fault", who: "guest" },
    { text: "it is not", mark: "finding" },
  ]);
  assertEquals(mermaidOfStory(story).split("\n"), [
    "sequenceDiagram",
    "  participant p0 as host",
    "  participant p1 as guest",
    "  p0->>p1: offerChannel(channelId 1)",
    "  Note over p1: EvtChannelOpened",
    "  Note over p0,p1: switch#58; one thing",
    "  Note over p1: fault#58; guestPaused",
    "  Note over p0,p1: found#58; it is not",
    "",
  ]);
});

Deno.test("mermaidOfStory: no name is an instruction", () => {
  const hostile = 'a\nend;b #1; <b>"%%{init}%%" `End`\x1b';
  const story = storyWith([hostile, "guest"], [
    { who: hostile, to: "guest", text: hostile },
    { who: "guest", text: hostile },
  ]);
  const [head, first, , arrow, note, ...rest] = mermaidOfStory(story).split("\n");
  assertEquals([head, ...rest], ["sequenceDiagram", ""]);
  for (const line of [first!, arrow!, note!]) {
    const text = line.slice(line.search(/(?: as |: )/));
    assertEquals(text.replaceAll(/#\d+;/g, "").match(/[;#<>"%{}`\\]/), null, text);
    assert(!/\bend\b/i.test(text), text);
  }
});

Deno.test("mermaidOfStory: a long story is less than 200 lines, and those at its end", () => {
  const lines = Array.from({ length: 5000 }, (_, at) => ({ text: `line ${at}`, step: at }));
  const rows = mermaidOfStory(storyWith(["host"], lines)).trimEnd().split("\n");
  assert(rows.length < 200, `${rows.length}`);
  assert(rows.at(-1)!.endsWith("line 4999"));
  const left = 5000 - (rows.length - 3);
  assertEquals(rows[2], `  Note over p0: ${left} earlier lines are left out`);
  const crowd = Array.from({ length: 300 }, (_, at) => `guest ${at}`);
  const crowded = crowd.map((who) => ({ who, text: "is here" }));
  assert(mermaidOfStory(storyWith(crowd, crowded)).split("\n").length < 200);
  assertEquals(mermaidOfStory(storyWith([], [{ text: "a", who: "world" }])).split("\n").slice(1), [
    "  participant p0 as world",
    "  Note over p0: a",
    "",
  ]);
});
